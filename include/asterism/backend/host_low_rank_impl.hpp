// Bodies of host_low_rank.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "asterism/backend/host_low_rank.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/stored_floats.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend::detail {

ASTERISM_INLINE void add_low_rank_outputs(const UntypedColumns& b, std::size_t number,
                                          const std::int32_t* source_row, RowRange wanted, std::size_t begin,
                                          std::size_t end, MatrixView<const float> inner, MatrixView<float> y) {
  const simd::Level level = simd::level();
  const std::size_t first = number * low_rank_outputs;
  const std::size_t count = std::min(low_rank_outputs, b.outputs - first);
  std::array<float, low_rank_outputs> column;
  for (std::size_t r = 0; r < b.rank; ++r) {
    const std::byte* stored = b.data + (r * b.outputs + first) * quant::bytes_of(b.storage);
    const float* values = reinterpret_cast<const float*>(stored);
    if (b.storage != quant::FloatStorage::float32) {
      simd::load_floats(stored, b.storage, View<float>(column.data(), count), level);
      values = column.data();
    }
    for (std::size_t i = begin; i < end; ++i) {
      if (source_row != nullptr && !wanted.contains(static_cast<std::size_t>(source_row[i]))) continue;
      simd::add_scaled(y.row(i).data + first, b.scale * inner(i, r), values, count, level);
    }
  }
}

}  // namespace asterism::backend::detail
