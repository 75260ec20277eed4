// Memory that a product of matrices will read next, asked for while it computes.
#pragma once

#include <cstddef>

#include "asterism/simd/gemm/operand.hpp"

namespace asterism::simd {

/// Kernels ask for memory once every so many values of k.
inline constexpr std::size_t gemm_step = 16;

/// Brings an operand into a second-level cache, some lines at a step: at once they would keep what is being computed
/// from its own memory.
class GemmAhead {
 public:
  GemmAhead() = default;
  /// All of `operand`, in `steps` steps, steps >= 1.
  GemmAhead(const GemmOperand& operand, std::size_t steps) {
    const GemmOperand by_rows = operand.col_stride == 1 ? operand : operand.transposed();
    at_ = reinterpret_cast<const char*>(by_rows.data);
    rows_ = by_rows.cols == 0 ? 0 : by_rows.rows;
    stride_ = by_rows.row_stride * sizeof(float);
    width_ = by_rows.cols * sizeof(float);
    lines_at_once_ = (rows_ * ((width_ + line - 1) / line) + steps - 1) / steps;
  }

  __attribute__((always_inline)) void step() {
    for (std::size_t i = 0; i < lines_at_once_ && rows_ > 0; ++i) {
      __builtin_prefetch(at_ + from_, 0, 2);
      from_ += line;
      if (from_ < width_) continue;
      from_ = 0;
      at_ += stride_;
      --rows_;
    }
  }

 private:
  static constexpr std::size_t line = 64;

  const char* at_ = nullptr;
  std::size_t rows_ = 0;  ///< that are left
  std::size_t stride_ = 0;
  std::size_t width_ = 0;
  std::size_t from_ = 0;  ///< in the first row that is left
  std::size_t lines_at_once_ = 0;
};

}  // namespace asterism::simd
