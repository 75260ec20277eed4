// Ids, times and versions; which ids a search may return, how hard it tries, and what it answers.
#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/knowledge/fwd.hpp"

namespace asterism::knowledge {

/// Names a node. Dense from 0 on, never used again; 2^32 - 1 names none.
struct NodeId {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(NodeId, NodeId) = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

/// Names an edge, as NodeId does a node.
struct EdgeId {
  std::uint32_t value = 0;
  friend constexpr auto operator<=>(EdgeId, EdgeId) = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

/// The ids that no node and no edge has.
inline constexpr NodeId no_node{~std::uint32_t{0}};
inline constexpr EdgeId no_edge{~std::uint32_t{0}};

/// An instant: microseconds since 1970-01-01 00:00 UTC. Intervals of time are half-open, [from, to).
struct Time {
  std::int64_t microseconds = 0;
  friend constexpr auto operator<=>(Time, Time) = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

/// The start of an interval that has none, and the end: the smallest and the largest instant.
inline constexpr Time beginning{std::numeric_limits<std::int64_t>::min()};
inline constexpr Time forever{std::numeric_limits<std::int64_t>::max()};

/// Counts commits from 1 on; 0 is the empty store. Never used again.
struct Version {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Version, Version) = default;  // NOLINT(modernize-use-nullptr): a false alarm
};

/// The version that never comes: of what has not expired.
inline constexpr Version never{static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())};

/// The ids that a search may return, as a bitmap: all, or the ones that were allowed one by one. Takes an eighth of a
/// byte up to the largest of them. Const members may be called from several threads at once.
class Filter {
 public:
  /// Allows every id.
  Filter() = default;
  /// Allows no id.
  static Filter none() {
    Filter filter;
    filter.everything_ = false;
    return filter;
  }
  static Filter of(View<const NodeId> ids) {
    Filter filter = none();
    for (const NodeId id : ids) filter.allow(id);
    return filter;
  }

  /// No effect where all are allowed, nor for `no_node`.
  void allow(NodeId id) {
    if (everything_ || id == no_node) return;
    const std::size_t word = id.value / 64;
    if (word >= words_.size()) words_.resize(word + 1);
    words_[word] |= std::uint64_t{1} << (id.value % 64);
  }

  /// No effect where all are allowed.
  void forbid(NodeId id) {
    const std::size_t word = id.value / 64;
    if (!everything_ && word < words_.size()) words_[word] &= ~(std::uint64_t{1} << (id.value % 64));
  }

  bool everything() const { return everything_; }
  bool allows(NodeId id) const {
    if (everything_) return true;
    const std::size_t word = id.value / 64;
    return word < words_.size() && (words_[word] >> (id.value % 64) & 1U) != 0;
  }
  /// Number of ids allowed; of everything 2^32 - 1.
  std::uint64_t count() const {
    if (everything_) return no_node.value;
    std::uint64_t sum = 0;
    for (const std::uint64_t word : words_) sum += static_cast<std::uint64_t>(std::popcount(word));
    return sum;
  }
  /// Calls f(id) for the ids that were allowed one by one, ascending; for none where everything is.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t left = words_[i]; left != 0; left &= left - 1) {
        f(NodeId{static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(left)))});
      }
    }
  }

  /// Allows what both allow.
  Filter& operator&=(const Filter& other) {
    if (other.everything_) return *this;
    if (everything_) return *this = other;
    if (words_.size() > other.words_.size()) words_.resize(other.words_.size());
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }

 private:
  bool everything_ = true;
  std::vector<std::uint64_t> words_;
};

/// How hard a search tries: `standard`, the index's default; `exact`, all rows in float32; or a number whose meaning
/// each index defines: candidates, or a list's length.
struct Effort {
  enum class Kind : std::uint8_t { standard, exact, number };
  Kind kind = Kind::standard;
  std::uint32_t number = 0;

  static constexpr Effort exact() { return {Kind::exact, 0}; }
  static constexpr Effort of(std::uint32_t number) { return {Kind::number, number}; }
  constexpr bool is_exact() const { return kind == Kind::exact; }
  /// The number, or `standard` where none was given.
  constexpr std::size_t number_or(std::size_t standard) const { return kind == Kind::number ? number : standard; }
};

/// One answer: the cosine of the stored vector with the query's, in [-1, 1] up to rounding.
struct Hit {
  NodeId id = no_node;
  float score = -std::numeric_limits<float>::infinity();
  friend constexpr bool operator==(const Hit&, const Hit&) = default;
};

/// The order of answers: scores descend, of equal ones the lower id comes first.
constexpr bool better(const Hit& a, const Hit& b) { return a.score != b.score ? a.score > b.score : a.id < b.id; }

/// What a search did.
struct Searched {
  std::size_t hits = 0;         ///< of each query; the places of `out` behind them hold no_node
  std::uint64_t rows_read = 0;  ///< vectors that were compared with a query, each once for a batch
  bool exact = false;           ///< the hits are certainly the best ones
  bool complete = true;         ///< nothing was cut short
};

}  // namespace asterism::knowledge
