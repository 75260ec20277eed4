// Token strings and their ids, both ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"

namespace asterism::text {

/// The vocabulary of a model: tokens are distinct, ids are distinct, some ids may be without a token. Immutable
/// after reading; const members may be called from several threads. Memory: the strings and 24 bytes for each id.
class Vocabulary {
 public:
  Vocabulary() = default;

  /// From an object {"token": id, ..}. FormatError for an empty one, ids that are no integers, negative, used
  /// twice, or so large that most of the ids below would be without a token.
  static Vocabulary from_json(const json::Value& object, std::string_view where) {
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
                                 ", expected ids below ", limit, " in a vocabulary of ", object.size(),
                                 " tokens"));
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

  /// One more than the largest id.
  std::size_t size() const { return places_.size(); }
  /// How many tokens there are.
  std::size_t count() const { return count_; }
  /// Bytes of the longest token.
  std::size_t longest() const { return longest_; }

  bool contains(TokenId id) const {
    return id >= 0 && static_cast<std::size_t>(id) < places_.size() && places_[static_cast<std::size_t>(id)].used;
  }
  /// The token of `id`; empty where there is none.
  std::string_view token(TokenId id) const {
    if (!contains(id)) return {};
    const Place& place = places_[static_cast<std::size_t>(id)];
    return std::string_view(strings_).substr(place.begin, place.size);
  }
  std::optional<TokenId> find(std::string_view token_text) const {
    if (slots_.empty()) return std::nullopt;
    for (std::size_t slot = hash(token_text) & (slots_.size() - 1); slots_[slot] >= 0;
         slot = (slot + 1) & (slots_.size() - 1)) {
      if (token(slots_[slot]) == token_text) return slots_[slot];
    }
    return std::nullopt;
  }

 private:
  struct Place {
    std::size_t begin = 0;
    std::uint32_t size = 0;
    bool used = false;
  };

  /// FNV-1a with a final mix, so that the low bits depend on every byte.
  static std::size_t hash(std::string_view text) {
    std::uint64_t h = 0xCBF29CE484222325U;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    h = (h ^ (h >> 32U)) * 0xD6E8FEB86659FD93U;
    return static_cast<std::size_t>(h ^ (h >> 32U));
  }

  void add(std::string_view token_text, TokenId id, std::string_view where) {
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

  /// Fills the hash table: open addressing, at most half full.
  void index(std::string_view where) {
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

  std::string strings_;
  std::vector<Place> places_;
  std::vector<TokenId> slots_;
  std::size_t count_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace asterism::text
