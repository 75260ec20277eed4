// Size checks shared by both kinds of products.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::simd::detail {

/// Throws InvalidArgument unless y has room for x W^T, W (outputs, cols), its rows are whole multiples of
/// `width_multiple` and it has the requested outputs.
void check_product(std::uint64_t outputs, std::uint64_t cols, std::uint64_t width_multiple, std::size_t x_rows,
                   std::size_t x_cols, MatrixView<const float> y, std::size_t first, std::size_t count);

}  // namespace asterism::simd::detail

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/product/check_impl.hpp"
#endif
