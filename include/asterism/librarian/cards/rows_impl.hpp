// Bodies of rows.hpp.
#pragma once

#include <algorithm>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/librarian/cards/rows.hpp"

namespace asterism::librarian::cards {

ASTERISM_INLINE std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

ASTERISM_INLINE json::Document parse_rows(std::string_view text, std::string_view where, std::string_view key) {
  json::Selection selection{.max_values = std::min<std::size_t>(16'000'000, 4096 + text.size() / 4)};
  if (!key.empty()) selection.keys = View<const std::string_view>(&key, 1);
  return json::Document(json::parse(text, where, selection));
}

ASTERISM_INLINE const std::string& text_of(const json::Value& value, std::string_view key,
                                           std::string_view where) {
  const std::string& text = json::to_text(value, key, where);
  if (text.find('\0') != text.npos) throw FormatError(concat(where, ": '", key, "' holds a NUL character"));
  return text;
}

ASTERISM_INLINE std::string text_field(const json::Value& object, std::string_view key, std::string_view where) {
  const json::Value* field = json::find_field(object, key, where);
  return field == nullptr ? std::string() : text_of(*field, key, where);
}

ASTERISM_INLINE std::vector<std::string> text_list(const json::Value& object, std::string_view key,
                                                   std::string_view where) {
  std::vector<std::string> texts;
  if (const json::Value* list = json::optional_array(object, key, where)) {
    for (const json::Value& item : *list) texts.push_back(text_of(item, key, where));
  }
  return texts;
}

ASTERISM_INLINE const json::Value::array_t& rows_of(const json::Value& array, std::string_view where) {
  if (!array.is_array()) {
    throw FormatError(
        concat(where, ": found ", array.type_name(), ", expected an array with a row for each entry"));
  }
  return array.get_ref<const json::Value::array_t&>();
}

ASTERISM_INLINE std::string row_place(std::string_view where, std::size_t row) {
  return concat(where, ", row ", row);
}

}  // namespace asterism::librarian::cards
