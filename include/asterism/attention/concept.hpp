// The contract of a key/value cache.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

namespace needs {

template <class K>
concept layer_bytes = requires(const Shape& shape, const Limits& limits) {
  { K::layer_bytes(shape, limits) } -> std::same_as<Bytes>;
};

template <class K, class Device>
concept construct = std::constructible_from<K, Device&, const Shape&, const Limits&, std::int32_t, std::int32_t>;

template <class K, class Device>
concept append = requires(K& cache, Device& device, std::int32_t layer, std::size_t first,
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

template <class K>
concept trim = requires(K& cache, std::size_t length) {
  { cache.trim(length) } -> std::same_as<std::size_t>;
};

}  // namespace needs

/// A key/value cache remembers what attention has seen, for consecutive layers of one device.
///
/// 1. `layer_bytes(shape, limits)`, static and constexpr, is what one layer takes: never more is drawn. The
///    constructor takes (device, shape, limits, first_layer, layers) and draws that many times it.
/// 2. `append(device, layer, first, keys, values)` stores rows at their absolute positions, at most
///    limits.prefill_chunk of them; the first position of all is 0, and each call goes on where the one before
///    ended, or where `trim` went back to. Throws InvalidArgument where they pass the capacity.
/// 3. `view(layer)`, a backend::KvView, is what Backend::attend reads: what the rows appended last see.
///    `capacity()`: positions that may be passed, limits.context. `bytes()`: what was drawn.
/// 4. `trim(length)` goes back: the positions from `length` on will be stored again. Returns `length` where all
///    that the next position sees is still there, else 0: then everything has to be stored again.
/// 5. Positions stay absolute; after construction nothing is allocated. One session at a time.
///
/// Laws: tests/laws/kv_cache_laws.hpp. Models: StaticKvCache, SlidingWindowKvCache.
template <class K>
concept KvCache =
    needs::layer_bytes<K> && needs::capacity<K> && needs::bytes<K> && needs::view<K> && needs::trim<K>;

/// A cache on a device of that backend.
template <class K, class Device>
concept KvCacheOn = KvCache<K> && needs::construct<K, Device> && needs::append<K, Device>;

}  // namespace asterism::attention
