// Products of matrices of float32: the three that training needs of a layer, and those of attention's gradients.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/fwd.hpp"
#include "asterism/simd/gemm/operand.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// c = a b, or c += a b.
///
///     {.a = GemmOperand::of(x), .b = GemmOperand::of(w).transposed(), .c = y}                // y = x W^T
///     {.a = GemmOperand::of(g), .b = GemmOperand::of(w), .c = dx}                            // dx = g W
///     {.a = GemmOperand::of(g).transposed(), .b = GemmOperand::of(x), .c = dw, .adds = true} // dW += g^T x
struct Gemm {
  GemmOperand a;        ///< (m, k)
  GemmOperand b;        ///< (k, n)
  MatrixView<float> c;  ///< (m, n), which overlaps neither a nor b
  bool adds = false;
};

/// Products are summed in blocks of so many.
inline constexpr std::size_t gemm_depth = 256;

/// Rows of a and columns of b of which `gemm` packs one block of depth at a time.
inline constexpr std::size_t gemm_rows = 96;
inline constexpr std::size_t gemm_cols = 256;

/// Floats of memory that `gemm` needs: 352 KiB.
inline constexpr std::size_t gemm_scratch = (gemm_rows + gemm_cols) * gemm_depth;

/// The product on the calling thread, through copies of blocks of a and b in `scratch`, of at least `gemm_scratch`
/// floats, best at a multiple of 64 bytes.
///
/// Order of summation of one element: k goes in blocks of `gemm_depth`, ascending. The sum of a block begins with 0
/// and takes its products one after the other, ascending, with fused multiply-adds (Level::portable: rounded ones);
/// it is then added to the element, which begins with 0 or, if `adds`, with what is there. So the bits of an element
/// depend on its row of a, its column of b, on what was there, and on the level alone: not on the sizes of the
/// matrices or on their other rows and columns. Without products (k = 0) c becomes 0 or stays.
///
/// Throws InvalidArgument where shapes do not fit together, neither stride of an operand is 1, or the scratch is too
/// small. Allocates nothing; stack below 4 KiB. Thread-safe.
void gemm(const Gemm& product, View<float> scratch, Level use = level());

/// Throws InvalidArgument as `gemm` does for this product.
void check_gemm(const Gemm& product);

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/gemm_impl.hpp"
#endif
