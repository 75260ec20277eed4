// The sources of a node or an edge, one a line: who said so.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/config.hpp"

namespace asterism::knowledge {

/// How many sources a list names; further ones are counted in a last line `+N`.
inline constexpr std::size_t most_sources = 20;

/// True if the list names the source.
bool names_source(std::string_view list, std::string_view source);
/// The list with a source more, unless it names it already.
std::string with_source(std::string_view list, std::string_view source);
/// The list with all sources of another one; what that counts without a name is left out.
std::string with_sources(std::string_view list, std::string_view others);
/// The list without a source; empty if it names no other and counts none.
std::string without_source(std::string_view list, std::string_view source);
/// How many sources there are, the counted ones among them.
std::size_t count_sources(std::string_view list);

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/sources_impl.hpp"
#endif
