// Reads a template into its syntax tree.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/text/jinja/statement.hpp"

namespace asterism::text::jinja {

inline constexpr std::size_t max_source_bytes = 256U << 10U;  ///< of a template
inline constexpr std::size_t max_nesting = 200;               ///< brackets and blocks within one another

/// The statements of a template. Throws FormatError, which names `where` and the line, where Jinja's parser does, and
/// beyond the bounds above; Unsupported for what needs other templates (include, import, extends, block), for
/// autoescape, recursive loops, and *arguments. Source: jinja2/parser.py of Jinja 3.1.
std::vector<Statement> parse(std::string_view source, std::string_view where);

}  // namespace asterism::text::jinja

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/jinja/parser_impl.hpp"
#endif
