// A program is either header-only or compiled (see core/config.hpp). Linking sources of both kinds would run
// whichever bodies the linker happened to keep, so such a program aborts at start-up and names both sources.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace asterism::detail {

/// How one source of the program was compiled.
struct SourceForm {
  const char* form;
  const char* source;
};

/// Aborts unless all sources have the same form. Called before main, by one thread.
[[gnu::noinline]] inline bool same_form(SourceForm next) {
  static const SourceForm first = next;
  if (std::strcmp(first.form, next.form) == 0) return true;
  std::fprintf(stderr,
               "asterism: %s is compiled %s, %s is compiled %s.\n"
               "Define ASTERISM_COMPILED for all sources of a program, or for none.\n",
               first.source, first.form, next.source, next.form);
  std::abort();
}

#if defined(ASTERISM_COMPILED)
[[maybe_unused]] static const bool form_is_known = same_form({"with ASTERISM_COMPILED", __BASE_FILE__});
#else
[[maybe_unused]] static const bool form_is_known = same_form({"without ASTERISM_COMPILED", __BASE_FILE__});
#endif

}  // namespace asterism::detail
