// Bodies of embedded_gradient.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "asterism/backend/embedded_gradient.hpp"
#include "asterism/core/error.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/stored_floats.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

ASTERISM_INLINE void add_embedded(const parallel::ExecutionRef& execution, View<const TokenId> ids,
                                  MatrixView<const float> dy, quant::FloatStorage storage, std::byte* table,
                                  View<float> scratch) {
  if (ids.size > scratch.size) {
    throw InvalidArgument("embed_backward: TrainingExtent::unpacked has no room for the order of the rows");
  }
  const View<std::uint32_t> order(reinterpret_cast<std::uint32_t*>(scratch.data), ids.size);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return ids[a] != ids[b] ? ids[a] < ids[b] : a < b; });
  constexpr std::size_t width = 64;  // columns of a task
  const simd::Level level = simd::level();
  execution.for_each_task((dy.cols + width - 1) / width, [&](std::size_t task) {
    const std::size_t first = task * width;
    const std::size_t count = std::min(width, dy.cols - first);
    for (std::size_t i = 0; i < order.size;) {
      const TokenId id = ids[order[i]];
      float sums[width] = {};
      for (; i < order.size && ids[order[i]] == id; ++i) {
        simd::add_scaled(sums, 1.0F, dy.row(order[i]).data + first, count, level);
      }
      const std::size_t element = static_cast<std::size_t>(id) * dy.cols + first;
      simd::add_to_stored({sums, count}, storage, table + element * quant::bytes_of(storage), level);
    }
  });
}

}  // namespace asterism::backend
