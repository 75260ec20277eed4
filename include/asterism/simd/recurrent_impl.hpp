// Bodies of recurrent.hpp.
#pragma once

#include <cstring>

#include "asterism/simd/recurrent.hpp"
#include "asterism/simd/recurrent/kernels.hpp"

namespace asterism::simd {

ASTERISM_INLINE void delta_rule(const DeltaBlock& block, Level use) {
  if (block.v.rows == 0) {
    if (block.after.data == block.before.data) return;
    for (std::size_t i = 0; i < block.before.rows; ++i)
      std::memcpy(block.after.row(i).data, block.before.row(i).data, block.before.cols * sizeof(float));
    return;
  }
  RecurrentKernels::run(use, [&](auto kernels) { kernels.delta_rule(block); });
}

ASTERISM_INLINE void convolve(View<const float* const> rows, MatrixView<const float> taps, View<float> y,
                              Level use) {
  RecurrentKernels::run(use, [&](auto kernels) { kernels.convolve(rows, taps, y); });
}

}  // namespace asterism::simd
