// The parts of a tokenizer.json (normalizer, pre-tokenizer, post-processor, decoder) while they are read: each is
// an object with a type and settings, and whatever is not known is an error, never ignored.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/utf8.hpp"

namespace asterism::text {

/// Throws Unsupported unless every key of `object` is "type" or one of `known`. `what` names the object:
/// "normalizer NFC".
inline void check_keys(const json::Value& object, std::initializer_list<std::string_view> known,
                       std::string_view what, std::string_view where) {
  for (const auto& [key, value] : object.get_ref<const json::Value::object_t&>()) {
    bool found = key == "type";
    for (const std::string_view name : known) found = found || key == name;
    if (found) continue;
    std::string names;
    for (const std::string_view name : known) names += concat(names.empty() ? "" : ", ", name);
    throw Unsupported(
        concat(where, ": ", what, " has the unknown setting '", printable(key), "'; known: ", names));
  }
}

/// One component: `role` is what it is for ("decoder"), `where` the file.
struct Component {
  const json::Value& object;
  std::string_view role;
  std::string_view where;

  const std::string& type() const { return json::require_string(object, "type", where); }

  /// Throws Unsupported unless every setting is among `known`, or is the type.
  void settings(std::initializer_list<std::string_view> known) const {
    check_keys(object, known, concat(role, " ", printable(type())), where);
  }

  [[noreturn]] void unsupported(std::string_view supported) const {
    throw Unsupported(
        concat(where, ": ", role, " '", printable(type()), "' is not supported; supported: ", supported));
  }
  [[noreturn]] void refuse(std::string_view why) const {
    throw Unsupported(concat(where, ": ", role, " ", printable(type()), ": ", why));
  }
};

/// Calls `read(Component)` for `value`, or, where it is a Sequence, for each component listed under `list_key`, in
/// order and at any depth. Nothing where `value` is nullptr. FormatError where one is no object with a type.
template <class Read>
void for_each_component(const json::Value* value, std::string_view role, std::string_view list_key,
                        std::string_view where, const Read& read) {
  if (value == nullptr) return;
  json::check_object(*value, role, where);
  const Component component{*value, role, where};
  if (component.type() != "Sequence") return read(component);
  component.settings({list_key});
  for (const json::Value& part : json::require_array(*value, list_key, where)) {
    for_each_component(&part, role, list_key, where, read);
  }
}

/// The field `key` of a component, one character. FormatError where it is anything else.
inline std::string require_character(const Component& component, std::string_view key) {
  const std::string& text = json::require_string(component.object, key, component.where);
  if (text.empty() || code_point_at(text, 0).size != text.size()) {
    throw FormatError(concat(component.where, ": field '", key, "' of ", component.role, " ", component.type(),
                             " is '", printable(text, 40), "', expected one character"));
  }
  return text;
}

/// The longest text that one setting may insert or look for.
inline constexpr std::size_t max_setting_bytes = 1024;

/// The string under `key`, at most `max_setting_bytes` long.
inline const std::string& require_short_string(const Component& component, std::string_view key) {
  const std::string& text = json::require_string(component.object, key, component.where);
  if (text.size() > max_setting_bytes) {
    component.refuse(concat("field '", key, "' has ", text.size(), " bytes, supported are ", max_setting_bytes));
  }
  return text;
}

}  // namespace asterism::text
