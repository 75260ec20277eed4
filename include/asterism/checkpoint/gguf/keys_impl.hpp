// Bodies of keys.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/keys.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint {

template <class T>
void GgufKeys::append(T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  bytes_.append(bytes, sizeof(T));
}

ASTERISM_INLINE void GgufKeys::append_text(std::string_view text) {
  append(std::uint64_t{text.size()});
  bytes_ += text;
}

ASTERISM_INLINE void GgufKeys::begin(std::string_view key, GgufType type) {
  const bool known = std::find(keys_.begin(), keys_.end(), key) != keys_.end();
  if (key.empty() || key.size() > GgufMetadata::max_key_bytes || known) {
    throw InvalidArgument(concat("the metadata key '", printable(key), "' ",
                                 known ? "is there already" : "is empty or longer than 65535 bytes"));
  }
  keys_.emplace_back(key);
  append_text(key);
  append(static_cast<std::uint32_t>(type));
}

ASTERISM_INLINE void GgufKeys::begin_array(std::string_view key, GgufType item, std::size_t count) {
  begin(key, GgufType::array);
  append(static_cast<std::uint32_t>(item));
  append(std::uint64_t{count});
}

ASTERISM_INLINE void GgufKeys::add(std::string_view key, std::uint32_t value) {
  begin(key, GgufType::u32);
  append(value);
}

ASTERISM_INLINE void GgufKeys::add(std::string_view key, float value) {
  begin(key, GgufType::f32);
  append(value);
}

ASTERISM_INLINE void GgufKeys::add(std::string_view key, bool value) {
  begin(key, GgufType::boolean);
  append(static_cast<std::uint8_t>(value ? 1 : 0));
}

ASTERISM_INLINE void GgufKeys::add(std::string_view key, std::string_view value) {
  begin(key, GgufType::string);
  append_text(value);
}

ASTERISM_INLINE void GgufKeys::add(std::string_view key, const std::vector<std::int32_t>& values) {
  begin_array(key, GgufType::i32, values.size());
  for (const std::int32_t value : values) append(value);
}

ASTERISM_INLINE void GgufKeys::add(std::string_view key, const std::vector<float>& values) {
  begin_array(key, GgufType::f32, values.size());
  for (const float value : values) append(value);
}

ASTERISM_INLINE void GgufKeys::add(std::string_view key, const std::vector<bool>& values) {
  begin_array(key, GgufType::boolean, values.size());
  for (const bool value : values) append(static_cast<std::uint8_t>(value ? 1 : 0));
}

ASTERISM_INLINE void GgufKeys::add(std::string_view key, const std::vector<std::string>& values) {
  begin_array(key, GgufType::string, values.size());
  for (const std::string& value : values) append_text(value);
}

}  // namespace asterism::checkpoint
