// The contract of a key/value cache.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/backend/host.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

namespace needs {

template <class K>
concept layer_bytes = requires(const Shape& shape, const Limits& limits) {
  { K::layer_bytes(shape, limits) } -> std::same_as<Bytes>;
};

template <class K>
concept append = requires(K& cache, backend::Host& device, std::int32_t layer, std::size_t first,
                          backend::DeviceMatrix<const float> rows) {
  cache.append(device, layer, first, rows, rows);
};

template <class K>
concept capacity = requires(const K& cache) {
  { cache.capacity() } -> std::same_as<std::size_t>;
};

template <class K>
concept bytes = requires(const K& cache) {
  { cache.bytes() } -> std::same_as<Bytes>;
};

template <class K>
concept view = requires(const K& cache, std::int32_t layer) {
  cache.view(layer);
};

}  // namespace needs

/// A key/value cache remembers what attention has seen, for consecutive layers of one device.
///
/// 1. `layer_bytes(shape, limits)`, static and constexpr, is what one layer takes: never more is drawn.
/// 2. `append(device, layer, first, keys, values)` stores rows at their absolute positions; storing a position
///    again replaces it and forgets nothing before it, so a session returns to a prefix by appending behind it.
/// 3. `view(layer)` is what Backend::attend reads. `capacity()`: positions that fit.
/// 4. After construction nothing is allocated. One session at a time.
///
/// Models: BoundedKv.
template <class K>
concept KvCache =
    needs::layer_bytes<K> && needs::append<K> && needs::capacity<K> && needs::bytes<K> && needs::view<K>;

}  // namespace asterism::attention
