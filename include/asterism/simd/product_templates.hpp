// Bodies of product.hpp, as templates: see kernels.hpp.
#pragma once

#include <concepts>

#include "asterism/simd/product.hpp"
#include "asterism/simd/product/check.hpp"
#include "asterism/simd/product/kernels.hpp"

namespace asterism::simd {

template <quant::Quantization Q>
void product(quant::KernelMatrixRef<Q> weights, MatrixView<const float> x, MatrixView<float> y, std::size_t first,
             std::size_t count, Level use) {
  using Read = quant::ReadAs<Q>;
  if constexpr (!std::same_as<Read, Q>) {
    return product(quant::KernelMatrixRef<Read>{weights.data, weights.rows, weights.cols}, x, y, first, count,
                   use);
  } else {
    detail::check_product(weights.rows, weights.cols, quant::width_multiple<Q>, x.rows, x.cols, y, first, count);
    ProductKernels::run(use, [&](auto kernels) { kernels.product(weights, x, y, first, count); });
  }
}

}  // namespace asterism::simd
