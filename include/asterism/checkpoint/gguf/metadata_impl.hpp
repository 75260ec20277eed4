// Bodies of metadata.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/cursor.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"

namespace asterism::checkpoint {

namespace detail {

struct GgufTypeFacts {
  std::string_view name;
  std::uint64_t bytes;  ///< 0: of many lengths
};

/// Indexed by GgufType.
inline constexpr std::array<GgufTypeFacts, 13> gguf_types{{{"u8", 1},
                                                           {"i8", 1},
                                                           {"u16", 2},
                                                           {"i16", 2},
                                                           {"u32", 4},
                                                           {"i32", 4},
                                                           {"f32", 4},
                                                           {"bool", 1},
                                                           {"string", 0},
                                                           {"array", 0},
                                                           {"u64", 8},
                                                           {"i64", 8},
                                                           {"f64", 8}}};

constexpr std::uint64_t size_of(GgufType type) { return gguf_types[static_cast<std::size_t>(type)].bytes; }

ASTERISM_INLINE GgufType read_gguf_type(GgufCursor& cursor, std::string_view what) {
  const auto number = cursor.number<std::uint32_t>(what);
  if (number >= gguf_types.size()) {
    cursor.fail(concat(what, " is ", number, ", expected a type from 0 to ", gguf_types.size() - 1));
  }
  return static_cast<GgufType>(number);
}

/// Passes over `count` values of a type.
ASTERISM_INLINE void skip_gguf_values(GgufCursor& cursor, GgufType type, std::uint64_t count, int depth) {
  if (type == GgufType::string) return cursor.skip_strings(count, "its value");
  if (type != GgufType::array) return cursor.skip_numbers(count, size_of(type), "its value");
  constexpr std::uint64_t header = sizeof(std::uint32_t) + sizeof(std::uint64_t);
  if (count > cursor.left() / header) cursor.skip_numbers(count, header, "its value");  // throws
  if (depth == GgufMetadata::max_depth) {
    throw Unsupported(concat(cursor.place(), ": arrays inside arrays; supported are ", depth, " levels"));
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    const GgufType item = read_gguf_type(cursor, "the type of an inner array's items");
    skip_gguf_values(cursor, item, cursor.number<std::uint64_t>("the length of an inner array"), depth + 1);
  }
}

}  // namespace detail

ASTERISM_INLINE std::string_view gguf_type_name(GgufType type) {
  return detail::gguf_types[static_cast<std::size_t>(type)].name;
}

ASTERISM_INLINE GgufMetadata::GgufMetadata(detail::GgufCursor& cursor, std::uint64_t count, std::string_view where)
    : where_(where) {
  constexpr std::uint64_t least = sizeof(std::uint64_t) + sizeof(std::uint32_t) + 1;
  if (count > max_entries || count > cursor.left() / least) {
    cursor.fail(concat("the file says that it has ", count, " metadata keys, expected at most ",
                       std::min(max_entries, cursor.left() / least), " in a file of this size: no GGUF file"));
  }
  const std::uint64_t begin = cursor.position();
  for (std::uint64_t i = 0; i < count; ++i) {
    cursor.enter("metadata key", i);
    GgufEntry entry;
    entry.key = cursor.text(max_key_bytes, "the key");
    cursor.name(entry.key);
    if (entry.key.empty()) cursor.fail("is empty");
    entry.type = detail::read_gguf_type(cursor, "its type");
    if (entry.type == GgufType::array) {
      entry.item = detail::read_gguf_type(cursor, "the type of its items");
      entry.count = cursor.number<std::uint64_t>("its length");
    }
    entry.place = cursor.position() - begin;
    detail::skip_gguf_values(cursor, entry.type == GgufType::array ? entry.item : entry.type, entry.count, 1);
    if (cursor.position() - begin > max_bytes) {
      cursor.fail(concat("the metadata has more than ", max_bytes, " bytes"));
    }
    entries_.push_back(std::move(entry));
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(cursor.position() - begin));
  cursor.reread(begin, bytes);
  bytes_ = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const auto order =
      argsort(entries_.size(), [&](std::size_t a, std::size_t b) { return entries_[a].key < entries_[b].key; });
  entries_ = permuted(std::move(entries_), order);
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    if (entries_[i].key == entries_[i - 1].key) fail(entries_[i].key, "stands twice");
  }
}

ASTERISM_INLINE const GgufEntry* GgufMetadata::find(std::string_view key) const {
  const auto place =
      std::lower_bound(entries_.begin(), entries_.end(), key,
                       [](const GgufEntry& entry, std::string_view wanted) { return entry.key < wanted; });
  return place != entries_.end() && place->key == key ? &*place : nullptr;
}

ASTERISM_INLINE View<const std::byte> GgufMetadata::bytes() const {
  return bytes_ == nullptr ? View<const std::byte>() : View<const std::byte>(*bytes_);
}

ASTERISM_INLINE void GgufMetadata::fail(std::string_view key, std::string_view what) const {
  throw FormatError(concat(where_, ": metadata key '", printable(key), "' ", what));
}

ASTERISM_INLINE void GgufMetadata::wrong_type(const GgufEntry& entry, std::string_view expected) const {
  const bool array = entry.type == GgufType::array;
  fail(entry.key, concat("is ", array ? "an array of " : "of type ",
                         gguf_type_name(array ? entry.item : entry.type), ", expected ", expected));
}

template <class T>
T GgufMetadata::value_at(std::uint64_t place) const {
  T value{};
  std::memcpy(&value, bytes_->data() + place, sizeof value);
  return value;
}

ASTERISM_INLINE std::int64_t GgufMetadata::integer_at(const GgufEntry& entry, GgufType type,
                                                      std::uint64_t index) const {
  const std::uint64_t place = entry.place + index * detail::size_of(type);
  switch (type) {
    case GgufType::u8:
      return value_at<std::uint8_t>(place);
    case GgufType::i8:
      return value_at<std::int8_t>(place);
    case GgufType::u16:
      return value_at<std::uint16_t>(place);
    case GgufType::i16:
      return value_at<std::int16_t>(place);
    case GgufType::u32:
      return value_at<std::uint32_t>(place);
    case GgufType::i32:
      return value_at<std::int32_t>(place);
    case GgufType::i64:
      return value_at<std::int64_t>(place);
    case GgufType::u64: {
      const auto value = value_at<std::uint64_t>(place);
      constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      if (value > most) fail(entry.key, concat("is ", value, ", expected at most ", most));
      return static_cast<std::int64_t>(value);
    }
    default:
      wrong_type(entry, "an integer");
  }
}

ASTERISM_INLINE double GgufMetadata::number_at(const GgufEntry& entry, GgufType type, std::uint64_t index) const {
  const std::uint64_t place = entry.place + index * detail::size_of(type);
  if (type == GgufType::f32) return double{value_at<float>(place)};
  if (type == GgufType::f64) return value_at<double>(place);
  if (type == GgufType::boolean || type == GgufType::string || type == GgufType::array)
    wrong_type(entry, "a number");
  return static_cast<double>(integer_at(entry, type, index));
}

ASTERISM_INLINE std::string_view GgufMetadata::text_at(std::uint64_t place) const {
  const auto size = static_cast<std::size_t>(value_at<std::uint64_t>(place));
  return {reinterpret_cast<const char*>(bytes_->data() + place + sizeof(std::uint64_t)), size};
}

ASTERISM_INLINE const GgufEntry* GgufMetadata::find_array(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry != nullptr && entry->type != GgufType::array) wrong_type(*entry, "an array");
  if (entry != nullptr && entry->count > max_items) {
    fail(key, concat("has ", entry->count, " items, expected at most ", max_items));
  }
  return entry;
}

ASTERISM_INLINE std::optional<std::int64_t> GgufMetadata::integer(std::string_view key, std::int64_t min,
                                                                  std::int64_t max) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const std::int64_t value = integer_at(*entry, entry->type, 0);
  if (value < min || value > max) fail(key, concat("is ", value, ", expected an integer from ", min, " to ", max));
  return value;
}

ASTERISM_INLINE std::optional<double> GgufMetadata::number(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  return number_at(*entry, entry->type, 0);
}

ASTERISM_INLINE std::optional<bool> GgufMetadata::boolean(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != GgufType::boolean) wrong_type(*entry, "bool");
  const auto value = value_at<std::uint8_t>(entry->place);
  if (value > 1) fail(key, concat("is ", value, ", expected 0 or 1 for a bool"));
  return value == 1;
}

ASTERISM_INLINE std::optional<std::string_view> GgufMetadata::text(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != GgufType::string) wrong_type(*entry, "a string");
  return text_at(entry->place);
}

ASTERISM_INLINE std::optional<std::vector<std::int64_t>> GgufMetadata::integers(std::string_view key) const {
  const GgufEntry* entry = find_array(key);
  if (entry == nullptr) return std::nullopt;
  std::vector<std::int64_t> out;
  for (std::uint64_t i = 0; i < entry->count; ++i) out.push_back(integer_at(*entry, entry->item, i));
  return out;
}

ASTERISM_INLINE std::optional<std::vector<bool>> GgufMetadata::booleans(std::string_view key) const {
  const GgufEntry* entry = find_array(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->item != GgufType::boolean) wrong_type(*entry, "an array of bool");
  std::vector<bool> out;
  for (std::uint64_t i = 0; i < entry->count; ++i) out.push_back(value_at<std::uint8_t>(entry->place + i) != 0);
  return out;
}

ASTERISM_INLINE std::optional<std::vector<float>> GgufMetadata::numbers(std::string_view key) const {
  const GgufEntry* entry = find_array(key);
  if (entry == nullptr) return std::nullopt;
  std::vector<float> out;
  for (std::uint64_t i = 0; i < entry->count; ++i) {
    out.push_back(static_cast<float>(number_at(*entry, entry->item, i)));
  }
  return out;
}

ASTERISM_INLINE std::optional<std::vector<std::string_view>> GgufMetadata::texts(std::string_view key) const {
  const GgufEntry* entry = find_array(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->item != GgufType::string) wrong_type(*entry, "an array of strings");
  std::vector<std::string_view> out;
  std::uint64_t place = entry->place;
  for (std::uint64_t i = 0; i < entry->count; ++i) {
    out.push_back(text_at(place));
    place += sizeof(std::uint64_t) + out.back().size();
  }
  return out;
}

ASTERISM_INLINE std::int64_t GgufMetadata::required_integer(std::string_view key, std::int64_t min,
                                                            std::int64_t max) const {
  const auto value = integer(key, min, max);
  if (!value) fail(key, "is missing");
  return *value;
}

ASTERISM_INLINE std::string_view GgufMetadata::required_text(std::string_view key) const {
  const auto value = text(key);
  if (!value) fail(key, "is missing");
  return *value;
}

}  // namespace asterism::checkpoint
