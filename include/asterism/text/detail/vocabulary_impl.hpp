// Bodies of vocabulary.hpp.
#pragma once

#include <limits>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

ASTERISM_INLINE Vocabulary Vocabulary::from_json(const json::Value& object, std::string_view where) {
  json::check_object(object, "the vocabulary", where);
  if (object.empty()) throw FormatError(concat(where, ": the vocabulary is empty"));
  const auto limit = static_cast<std::int64_t>(4 * object.size() + 65536);
  Vocabulary vocabulary;
  const auto& entries = object.get_ref<const json::Value::object_t&>();
  std::size_t bytes = 0;
  std::int64_t last = 0;
  for (const auto& [token, value] : entries) {
    const std::int64_t id = json::to_integer(value, token, where, 0, std::numeric_limits<TokenId>::max());
    if (id >= limit) {
      throw FormatError(concat(where, ": token '", printable(token, 60), "' has the id ", id,
                               ", expected ids below ", limit, " in a vocabulary of ", object.size(), " tokens"));
    }
    last = id > last ? id : last;
    bytes += token.size();
  }
  vocabulary.places_.assign(static_cast<std::size_t>(last) + 1, Place{});
  vocabulary.strings_.reserve(bytes);
  for (const auto& [token, value] : entries) vocabulary.add(token, value.get<TokenId>(), where);
  vocabulary.index(where);
  return vocabulary;
}

ASTERISM_INLINE bool Vocabulary::contains(TokenId id) const {
  return id >= 0 && static_cast<std::size_t>(id) < places_.size() && places_[static_cast<std::size_t>(id)].used;
}

ASTERISM_INLINE std::string_view Vocabulary::token(TokenId id) const {
  if (!contains(id)) return {};
  const Place& place = places_[static_cast<std::size_t>(id)];
  return std::string_view(strings_).substr(place.begin, place.size);
}

ASTERISM_INLINE std::optional<TokenId> Vocabulary::find(std::string_view token_text) const {
  if (slots_.empty()) return std::nullopt;
  for (std::size_t slot = hash(token_text) & (slots_.size() - 1); slots_[slot] >= 0;
       slot = (slot + 1) & (slots_.size() - 1)) {
    if (token(slots_[slot]) == token_text) return slots_[slot];
  }
  return std::nullopt;
}

ASTERISM_INLINE std::size_t Vocabulary::hash(std::string_view text) {
  std::uint64_t h = 0xCBF29CE484222325U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  h = (h ^ (h >> 32U)) * 0xD6E8FEB86659FD93U;
  return static_cast<std::size_t>(h ^ (h >> 32U));
}

ASTERISM_INLINE void Vocabulary::add(std::string_view token_text, TokenId id, std::string_view where) {
  Place& place = places_[static_cast<std::size_t>(id)];
  if (place.used) {
    throw FormatError(concat(where, ": tokens '", printable(token(id), 60), "' and '", printable(token_text, 60),
                             "' both have the id ", id));
  }
  if (token_text.size() > std::numeric_limits<std::uint32_t>::max()) {
    throw FormatError(concat(where, ": the token with the id ", id, " has ", token_text.size(), " bytes"));
  }
  place = {strings_.size(), static_cast<std::uint32_t>(token_text.size()), true};
  strings_ += token_text;
  ++count_;
  longest_ = token_text.size() > longest_ ? token_text.size() : longest_;
}

ASTERISM_INLINE void Vocabulary::index(std::string_view where) {
  std::size_t capacity = 16;
  while (capacity < 2 * count_) capacity *= 2;
  slots_.assign(capacity, -1);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (!places_[i].used) continue;
    const auto id = static_cast<TokenId>(i);
    std::size_t slot = hash(token(id)) & (capacity - 1);
    // Runs of natural tokens stay below a few dozen: longer ones are made on purpose, to make this slow.
    for (std::size_t probes = 0; slots_[slot] >= 0; slot = (slot + 1) & (capacity - 1)) {
      if (++probes > 4096) throw FormatError(concat(where, ": the vocabulary's tokens collide beyond reason"));
    }
    slots_[slot] = id;
  }
}

}  // namespace asterism::text
