// Bodies of component.hpp.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/component.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::text {

ASTERISM_INLINE void check_keys(const json::Value& object, std::initializer_list<std::string_view> known,
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

ASTERISM_INLINE const std::string& Component::type() const { return json::require_string(object, "type", where); }

ASTERISM_INLINE void Component::settings(std::initializer_list<std::string_view> known) const {
  check_keys(object, known, concat(role, " ", printable(type())), where);
}

ASTERISM_INLINE void Component::unsupported(std::string_view supported) const {
  throw Unsupported(
      concat(where, ": ", role, " '", printable(type()), "' is not supported; supported: ", supported));
}

ASTERISM_INLINE void Component::refuse(std::string_view why) const {
  throw Unsupported(concat(where, ": ", role, " ", printable(type()), ": ", why));
}

ASTERISM_INLINE void for_each_component(const json::Value* value, std::string_view role, std::string_view list_key,
                                        std::string_view where,
                                        const std::function<void(const Component&)>& read) {
  if (value == nullptr) return;
  json::check_object(*value, role, where);
  const Component component{*value, role, where};
  if (component.type() != "Sequence") return read(component);
  component.settings({list_key});
  for (const json::Value& part : json::require_array(*value, list_key, where)) {
    for_each_component(&part, role, list_key, where, read);
  }
}

ASTERISM_INLINE std::string require_character(const Component& component, std::string_view key) {
  const std::string& text = json::require_string(component.object, key, component.where);
  if (text.empty() || code_point_at(text, 0).size != text.size()) {
    throw FormatError(concat(component.where, ": field '", key, "' of ", component.role, " ", component.type(),
                             " is '", printable(text, 40), "', expected one character"));
  }
  return text;
}

ASTERISM_INLINE const std::string& require_short_string(const Component& component, std::string_view key) {
  const std::string& text = json::require_string(component.object, key, component.where);
  if (text.size() > max_setting_bytes) {
    component.refuse(concat("field '", key, "' has ", text.size(), " bytes, supported are ", max_setting_bytes));
  }
  return text;
}

}  // namespace asterism::text
