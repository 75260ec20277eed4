// Sorting by index, without moving the items.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace asterism {

/// Returns the permutation that sorts indices 0 ... `count` - 1 by `before`, a strict weak order of indices (not
/// stable). Code that reads files sorts with this one function: every further instantiation of std::sort costs its
/// includer as much compile time as a room.
inline std::vector<std::size_t> argsort(std::size_t count,
                                        const std::function<bool(std::size_t, std::size_t)>& before) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return before(a, b); });
  return order;
}

/// Returns `items` in the order given by `order`, a permutation of their indices.
template <class T>
std::vector<T> permuted(std::vector<T> items, const std::vector<std::size_t>& order) {
  std::vector<T> out;
  out.reserve(items.size());
  for (const std::size_t i : order) out.push_back(std::move(items[i]));
  return out;
}

}  // namespace asterism
