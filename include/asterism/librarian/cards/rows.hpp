// What the readers of a game's files share: rows of a JSON array, and texts in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/json/json.hpp"

namespace asterism::librarian::cards {

/// Files of rules, terms, entities, relations and errata may be so large.
inline constexpr std::uint64_t max_row_file = std::uint64_t{64} << 20U;

/// The last part of a path: a file's name, by which a graph knows it as a source.
std::string file_name(const std::string& path);

/// The document. Of an object only what `key` holds, if that is not empty.
json::Document parse_rows(std::string_view text, std::string_view where, std::string_view key = {});

/// A text; `key` names it in the error. FormatError if it is none, or holds a NUL character.
const std::string& text_of(const json::Value& value, std::string_view key, std::string_view where);

/// A field's text, empty if it is absent or null. FormatError if it is none, or holds a NUL character.
std::string text_field(const json::Value& object, std::string_view key, std::string_view where);

/// The texts of an array, none if it is absent or null. FormatError as above.
std::vector<std::string> text_list(const json::Value& object, std::string_view key, std::string_view where);

/// The rows of the array, FormatError if it is none.
const json::Value::array_t& rows_of(const json::Value& array, std::string_view where);

/// Where a row stands: `cards.json, row 3`, counted from 0.
std::string row_place(std::string_view where, std::size_t row);

}  // namespace asterism::librarian::cards

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/cards/rows_impl.hpp"
#endif
