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

template <class K>
concept pass_end = requires(std::size_t position) {
  { K::pass_end(position) } -> std::same_as<std::size_t>;
};

template <class K>
concept slot = requires(std::size_t position) {
  { K::slot(position) } -> std::same_as<std::size_t>;
};

template <class K, class Device>
concept attended = requires(K& cache, Device& device, std::int32_t layer, std::size_t first,
                            backend::DeviceMatrix<const float> queries) {
  cache.attended(device, layer, first, queries);
};

}  // namespace needs

/// A key/value cache stores past keys and values for consecutive layers of one device, counted among those with
/// attention.
///
/// 1. `layer_bytes(shape, limits)`, static and constexpr, is the size of one layer: never more is drawn. The
///    constructor takes (device, shape, limits, first_layer, layers) and draws `layers` times that size.
/// 2. `append(device, layer, first, keys, values)` stores rows at their absolute positions, at most
///    limits.prefill_chunk of them; the very first position is 0, and each call continues where the previous one
///    ended, or where `trim` went back to. Throws InvalidArgument if positions exceed the capacity.
/// 3. `view(layer)`, a backend::KvView, is read by Backend::attend: the positions visible to the rows appended
///    last. `capacity()`: maximum number of positions, limits.context. `bytes()`: the memory drawn.
/// 4. `trim(length)` goes back: the positions from `length` on will be stored again. Returns `length` if
///    everything visible to the next position is still stored, else 0: then everything has to be stored again. One that
///    Prunes may return a position between them, from which it is exact to go on.
/// 5. Positions stay absolute; nothing is allocated after construction. One session at a time.
///
/// Laws: tests/laws/kv_cache_laws.hpp. Models: StaticKvCache, SlidingWindowKvCache, PrunedKvCache.
template <class K>
concept KvCache =
    needs::layer_bytes<K> && needs::capacity<K> && needs::bytes<K> && needs::view<K> && needs::trim<K>;

/// A cache that drops positions by the attention they drew, on a backend with backend::PruningOps.
///
/// 1. `pass_end(position)`, static and constexpr, is beyond `position`: a pass from there ends there at the latest, for
///    the cache drops positions before the next one. `append` throws InvalidArgument where a pass goes on beyond it.
/// 2. `slot(position)`, static and constexpr, is where a pass stores that position; those of a pass are consecutive.
///    All slots up to it are visible to the position.
/// 3. `attended(device, layer, first, queries)` tells, after `append` and Backend::attend of a pass, who asked:
///    rotated queries (rows, heads * head_dim). See `attend`, which calls it.
///
/// Models: PrunedKvCache.
template <class K>
concept Prunes = KvCache<K> && needs::pass_end<K> && needs::slot<K>;

/// The same on a device of the given backend.
template <class K, class Device>
concept PrunesOn = Prunes<K> && needs::attended<K, Device>;

/// A cache on a device of the given backend.
template <class K, class Device>
concept KvCacheOn = KvCache<K> && needs::construct<K, Device> && needs::append<K, Device> &&
    (!Prunes<K> || PrunesOn<K, Device>);

}  // namespace asterism::attention
