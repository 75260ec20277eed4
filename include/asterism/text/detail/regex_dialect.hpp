// Translates patterns of tokenizer.json, written for Oniguruma, to PCRE2, and refuses by name every construct that
// the two engines read differently.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::text {

/// Translates `pattern`, a regex in Oniguruma's syntax, for PCRE2 with UTF and UCP. Unsupported if it uses
/// anything on which the engines differ; `where` names its origin in messages. An engine treats characters newer
/// than its Unicode tables as having no category. Source: Oniguruma, doc/RE; PCRE2, pcre2pattern.
std::string to_pcre2(std::string_view pattern, std::string_view where);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/regex_dialect_impl.hpp"
#endif
