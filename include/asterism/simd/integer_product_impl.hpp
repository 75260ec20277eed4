// Bodies of integer_product.hpp.
#pragma once

#include "asterism/simd/integer/kernels.hpp"
#include "asterism/simd/integer_product.hpp"

namespace asterism::simd {

ASTERISM_INLINE void to_activations8(const float* x, const Rows8& to, std::size_t row, std::size_t first,
                                     std::size_t count, Level use) {
  QuantizeKernels::run(use, [&](auto kernels) { kernels.quantize(x, to, row, first, count); });
}

}  // namespace asterism::simd
