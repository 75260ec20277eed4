// A table from hashes to items that share them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"

namespace asterism::knowledge::detail {

/// Items are numbers below a capacity; each stands in at most one chain. Over borrowed memory; allocates nothing. Const
/// members may be called from several threads at once. Source: Knuth, The Art of Computer Programming 3, section 6.4,
/// algorithm C.
class HashChains {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// Places of the table for `capacity` items: a power of two, at least as many.
  static constexpr std::size_t places(std::size_t capacity) {
    std::size_t count = 16;
    while (count < capacity) count *= 2;
    return count;
  }

  HashChains() = default;
  /// `table` has places(capacity) places, `next` one for each item.
  HashChains(View<std::uint32_t> table, View<std::uint32_t> next) : table_(table), next_(next) { clear(); }

  void clear() {
    for (std::uint32_t& first : table_) first = none;
  }
  void insert(std::uint64_t hash, std::uint32_t item) {
    std::uint32_t& first = table_[place(hash)];
    next_[item] = first;
    first = item;
  }
  /// The item stands in the chain of this hash.
  void remove(std::uint64_t hash, std::uint32_t item) {
    std::uint32_t* at = &table_[place(hash)];
    while (*at != item) at = &next_[*at];
    *at = next_[item];
  }
  /// The first item of the hash's chain, and of others with it, for which f(item) is true; `none` without one.
  template <class F>
  std::uint32_t find(std::uint64_t hash, F&& f) const {
    std::uint32_t item = table_[place(hash)];
    while (item != none && !f(item)) item = next_[item];
    return item;
  }

 private:
  std::size_t place(std::uint64_t hash) const {
    return static_cast<std::size_t>((hash * 0x9E3779B97F4A7C15U) >> 20U) & (table_.size - 1);
  }

  View<std::uint32_t> table_;
  View<std::uint32_t> next_;
};

}  // namespace asterism::knowledge::detail
