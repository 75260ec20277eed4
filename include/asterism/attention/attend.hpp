// Attention of the rows of a pass over what a key/value cache holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/attention/concept.hpp"
#include "asterism/backend/operand.hpp"

namespace asterism::attention {

/// out = what rotated queries (n, heads * head_dim) at positions first ... first + n - 1 see: the rows that `cache` was
/// given last, by `append`, and what it holds before them; at most the last `window` positions if window > 0, which is
/// not for a cache that Prunes. Such a cache learns who asked.
template <class Device, KvCache Cache>
void attend(Device& device, Cache& cache, std::int32_t layer, std::size_t first, std::size_t window,
            backend::DeviceMatrix<const float> queries, backend::DeviceMatrix<float> out) {
  if constexpr (Prunes<Cache>) {
    device.attend(queries, cache.view(layer), Cache::slot(first), 0, out);
    cache.attended(device, layer, first, queries);
  } else {
    device.attend(queries, cache.view(layer), first, window, out);
  }
}

}  // namespace asterism::attention
