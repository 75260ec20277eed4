// Patterns of tokenizer.json are written for Oniguruma. This turns one into a pattern that PCRE2 understands in
// the same way, and refuses by name every construct that the two engines read differently.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::text {

/// `pattern`, a regex in Oniguruma's syntax, for PCRE2 with UTF and UCP. Unsupported where it uses anything on
/// which the engines differ; `where` names its origin in messages. Characters that are newer than an engine's
/// Unicode tables belong to no category for it. Source: Oniguruma, doc/RE; PCRE2, pcre2pattern.
std::string to_pcre2(std::string_view pattern, std::string_view where);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/regex_dialect_impl.hpp"
#endif
