// Chat templates are Jinja programs. They are never run here, only recognised: two templates are the same when
// they differ in nothing that Jinja's output depends on, and this is the form to compare.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::text {

/// The form of a template as transformers compiles it (trim_blocks and lstrip_blocks on): white space that Jinja
/// drops is dropped, comments too. A template that is broken has an unspecified form that equals that of no
/// correct one. Source: Jinja, "Template Designer Documentation", white space control.
std::string jinja_form(std::string_view source);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/jinja_form_impl.hpp"
#endif
