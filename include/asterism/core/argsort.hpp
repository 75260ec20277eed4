// The order of things, found without moving them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace asterism {

/// The indexes from 0 to `count` - 1, each behind those that come before it by `before`, a strict weak order of
/// indexes; equal ones stand in any order. One function for all things that are sorted while files are read: each
/// std::sort of its own costs its includer as much compile time as a room.
inline std::vector<std::size_t> argsort(std::size_t count,
                                        const std::function<bool(std::size_t, std::size_t)>& before) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return before(a, b); });
  return order;
}

/// `items` as `order`, each index once, says.
template <class T>
std::vector<T> permuted(std::vector<T> items, const std::vector<std::size_t>& order) {
  std::vector<T> out;
  out.reserve(items.size());
  for (const std::size_t i : order) out.push_back(std::move(items[i]));
  return out;
}

}  // namespace asterism
