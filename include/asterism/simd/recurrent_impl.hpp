// Bodies of recurrent.hpp.
#pragma once

#include <cstring>

#include "asterism/simd/recurrent.hpp"
#include "asterism/simd/recurrent/avx2_recurrent.hpp"
#include "asterism/simd/recurrent/avx512_recurrent.hpp"
#include "asterism/simd/recurrent/portable_recurrent.hpp"

namespace asterism::simd {

ASTERISM_INLINE void delta_rule(const DeltaBlock& block, Level use) {
  if (block.v.rows == 0) {
    if (block.after.data == block.before.data) return;
    for (std::size_t i = 0; i < block.before.rows; ++i)
      std::memcpy(block.after.row(i).data, block.before.row(i).data, block.before.cols * sizeof(float));
    return;
  }
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Recurrent::delta_rule(block);
  if (use == Level::avx2) return Avx2Recurrent::delta_rule(block);
#endif
  PortableRecurrent::delta_rule(block);
}

ASTERISM_INLINE void convolve(View<const float* const> rows, MatrixView<const float> taps, View<float> y,
                              Level use) {
#if defined(__x86_64__)
  if (use == Level::avx512) return Avx512Recurrent::convolve(rows, taps, y);
  if (use == Level::avx2) return Avx2Recurrent::convolve(rows, taps, y);
#endif
  PortableRecurrent::convolve(rows, taps, y);
}

}  // namespace asterism::simd
