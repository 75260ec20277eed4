// Bodies of vocabulary.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/fnv1a.hpp"
#include "asterism/core/format.hpp"
#include "asterism/text/detail/vocabulary.hpp"

namespace asterism::text {

ASTERISM_INLINE void Vocabulary::Builder::add(std::string_view token, TokenId id) {
  strings_ += token;
  entries_.push_back({id, static_cast<std::uint32_t>(token.size())});  // exact below Place::nowhere, checked below
}

ASTERISM_INLINE Vocabulary::Vocabulary(Builder tokens, std::string_view where)
    : strings_(std::move(tokens.strings_)), count_(tokens.entries_.size()) {
  if (tokens.entries_.empty()) throw FormatError(concat(where, ": the vocabulary is empty"));
  if (strings_.size() >= Place::nowhere) {
    throw FormatError(concat(where, ": the vocabulary's tokens have ", strings_.size(), " bytes"));
  }
  strings_.shrink_to_fit();
  place(tokens.entries_, where);
  tokens = {};  // free before the next table
  index(where);
}

ASTERISM_INLINE bool Vocabulary::contains(TokenId id) const {
  return id >= 0 && static_cast<std::size_t>(id) < places_.size() &&
         places_[static_cast<std::size_t>(id)].begin != Place::nowhere;
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
  Fnv1a bytes;
  bytes.add(text);
  std::uint64_t h = bytes.value();
  h = (h ^ (h >> 32U)) * 0xD6E8FEB86659FD93U;
  return static_cast<std::size_t>(h ^ (h >> 32U));
}

ASTERISM_INLINE void Vocabulary::place(const std::vector<Builder::Entry>& entries, std::string_view where) {
  const std::size_t limit = 4 * entries.size() + 65536;
  std::size_t size = 0;
  std::uint32_t begin = 0;
  for (const Builder::Entry& entry : entries) {
    const auto id = static_cast<std::size_t>(entry.id);
    if (id >= limit) {
      throw FormatError(concat(
          where, ": token '", printable(std::string_view(strings_).substr(begin, entry.size), 60), "' has the id ",
          id, ", expected ids below ", limit, " in a vocabulary of ", entries.size(), " tokens"));
    }
    size = std::max(size, id + 1);
    begin += entry.size;
  }
  places_.assign(size, Place{});
  begin = 0;
  for (const Builder::Entry& entry : entries) {
    if (contains(entry.id)) {
      const auto [first, second] =
          std::minmax({token(entry.id), std::string_view(strings_).substr(begin, entry.size)});
      throw FormatError(concat(where, ": tokens '", printable(first, 60), "' and '", printable(second, 60),
                               "' both have the id ", entry.id));
    }
    places_[static_cast<std::size_t>(entry.id)] = {begin, entry.size};
    begin += entry.size;
    longest_ = std::max<std::size_t>(longest_, entry.size);
  }
}

ASTERISM_INLINE void Vocabulary::index(std::string_view where) {
  std::size_t capacity = 16;
  while (capacity < 2 * count_) capacity *= 2;
  slots_.assign(capacity, -1);
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (!contains(id)) continue;
    std::size_t slot = hash(token(id)) & (capacity - 1);
    // Probe runs of natural vocabularies stay below a few dozen: longer ones are crafted to be slow.
    for (std::size_t probes = 0; slots_[slot] >= 0; slot = (slot + 1) & (capacity - 1)) {
      if (token(slots_[slot]) == token(id)) {
        throw FormatError(
            concat(where, ": the token '", printable(token(id), 60), "' stands in the vocabulary twice"));
      }
      if (++probes > 4096) throw FormatError(concat(where, ": the vocabulary's tokens collide beyond reason"));
    }
    slots_[slot] = id;
  }
}

}  // namespace asterism::text
