// Bodies of product.hpp, as templates: see kernels.hpp.
#pragma once

#include <concepts>

#include "asterism/simd/product.hpp"
#include "asterism/simd/product/avx2.hpp"
#include "asterism/simd/product/avx512.hpp"
#include "asterism/simd/product/check.hpp"
#include "asterism/simd/product/portable.hpp"
#include "asterism/simd/product/tile.hpp"

namespace asterism::simd {

template <quant::Quantization Q>
void product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y, std::size_t first,
             std::size_t count, Level use) {
  using Read = quant::ReadAs<Q>;
  if constexpr (!std::same_as<Read, Q>) {
    return product(quant::KernelMatrixRef<Read>{weights.data, weights.rows, weights.cols}, x, y, first, count,
                   use);
  } else {
    detail::check_product(weights.rows, weights.cols, x.rows, x.cols, y, first, count);
    switch (use) {
      case Level::avx512:
        return Avx512::product(weights, x, y, first, count);
      case Level::avx2:
        return tiled_product<Avx2>(weights, x, y, first, count);
      case Level::portable:
        return tiled_product<Portable>(weights, x, y, first, count);
    }
  }
}

}  // namespace asterism::simd
