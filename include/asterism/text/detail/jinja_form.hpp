// A canonical form of Jinja chat templates, which are recognised but never run: two templates are equivalent if
// they differ in nothing that Jinja's output depends on.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::text {

/// The form of a template as transformers compiles it (trim_blocks and lstrip_blocks on), without comments and the
/// white space that Jinja drops. A malformed template has an unspecified form, different from that of every
/// well-formed one. Source: Jinja, "Template Designer Documentation", white space control.
std::string jinja_form(std::string_view source);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/jinja_form_impl.hpp"
#endif
