// Parsing the components of a tokenizer.json (normalizer, pre-tokenizer, post-processor, decoder): each is an
// object with a type and settings; anything unknown is an error, never ignored.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/json/json.hpp"

namespace asterism::text {

/// Throws Unsupported unless every key of `object` is "type" or one of `known`. `what` names the object:
/// "normalizer NFC".
void check_keys(const json::Value& object, std::initializer_list<std::string_view> known, std::string_view what,
                std::string_view where);

/// One component: `role` is its purpose ("decoder"), `where` the file.
struct Component {
  const json::Value& object;
  std::string_view role;
  std::string_view where;

  const std::string& type() const;

  /// Throws Unsupported if any setting is neither in `known` nor the type.
  void settings(std::initializer_list<std::string_view> known) const;

  [[noreturn]] void unsupported(std::string_view supported) const;
  [[noreturn]] void refuse(std::string_view why) const;
};

/// Calls `read(Component)` for `value`, or, if it is a Sequence, for each component listed under `list_key`, in
/// order and at any depth. Does nothing if `value` is nullptr. FormatError if one is not an object with a type.
void for_each_component(const json::Value* value, std::string_view role, std::string_view list_key,
                        std::string_view where, const std::function<void(const Component&)>& read);

/// The field `key` of a component, a single character. FormatError otherwise.
std::string require_character(const Component& component, std::string_view key);

/// The longest text that one setting may insert or look for.
inline constexpr std::size_t max_setting_bytes = 1024;

/// The string under `key`, at most `max_setting_bytes` long.
const std::string& require_short_string(const Component& component, std::string_view key);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/component_impl.hpp"
#endif
