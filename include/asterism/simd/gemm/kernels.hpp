// The parts of a product of matrices, by instruction set: what packs its operands, and what multiplies the panels.
#pragma once

#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/simd/by_level.hpp"
#include "asterism/simd/gemm.hpp"
#include "asterism/simd/gemm/avx2.hpp"
#include "asterism/simd/gemm/pack.hpp"
#include "asterism/simd/gemm/portable.hpp"

namespace asterism::simd {

/// Memory that will be read soon: brought into a second-level cache line by line while products are computed.
class GemmAhead {
 public:
  GemmAhead() = default;
  /// The elements of `operand`, in `steps` steps.
  GemmAhead(const GemmOperand& operand, std::size_t steps) {
    const GemmOperand by_rows = operand.col_stride == 1 ? operand : operand.transposed();
    at_ = reinterpret_cast<const char*>(by_rows.data);
    rows_ = by_rows.rows;
    stride_ = by_rows.row_stride * sizeof(float);
    width_ = by_rows.cols * sizeof(float);
    const std::size_t lines = rows_ * ((width_ + line - 1) / line);
    each_ = (lines + steps - 1) / steps;
  }

  /// One step.
  void fetch() {
    for (std::size_t i = 0; i < each_ && rows_ > 0; ++i) {
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
  std::size_t rows_ = 0;
  std::size_t stride_ = 0;
  std::size_t width_ = 0;
  std::size_t from_ = 0;
  std::size_t each_ = 0;
};

namespace detail {

#if defined(__x86_64__)
using GemmKernels = ByLevel<On<Level::portable, PortableGemm>, On<Level::avx2, Avx2Gemm>>;
#else
using GemmKernels = ByLevel<On<Level::portable, PortableGemm>>;
#endif

/// c(r, j) = or += for the last `rows` rows of a tile, at most Rows.
template <class Kernels, std::size_t Rows = Kernels::rows>
void multiply_rows(std::size_t rows, const float* a, const float* b, std::size_t depth, float* c,
                   std::size_t stride, bool adds) {
  if constexpr (Rows > 1) {
    if (rows < Rows) return multiply_rows<Kernels, Rows - 1>(rows, a, b, depth, c, stride, adds);
  }
  Kernels::template multiply<Rows>(a, b, depth, c, stride, adds);
}

/// c = or += the product of panels of a, all rows of c, and panels of b, all columns of c.
template <class Kernels>
void multiply_panels(const float* a, const float* b, std::size_t depth, MatrixView<float> c, bool adds,
                     GemmAhead& ahead) {
  constexpr std::size_t rows = Kernels::rows;
  constexpr std::size_t cols = Kernels::cols;
  for (std::size_t j = 0; j < c.cols; j += cols, b += cols * depth) {
    const float* panel = a;
    for (std::size_t i = 0; i < c.rows; i += rows, panel += rows * depth) {
      const std::size_t tall = c.rows - i < rows ? c.rows - i : rows;
      float* const to = c.data + i * c.stride + j;
      ahead.fetch();
      if (c.cols - j >= cols) {
        multiply_rows<Kernels>(tall, panel, b, depth, to, c.stride, adds);
        continue;
      }
      float tile[rows * cols];  // nothing is written beside c
      multiply_rows<Kernels>(tall, panel, b, depth, tile, cols, false);
      for (std::size_t r = 0; r < tall; ++r) {
        for (std::size_t w = 0; w < c.cols - j; ++w) {
          to[r * c.stride + w] = adds ? to[r * c.stride + w] + tile[r * cols + w] : tile[r * cols + w];
        }
      }
    }
  }
}

}  // namespace detail

/// The kernels of one level. Panels of a hold `rows` rows, panels of b `cols` columns; see gemm/pack.hpp.
struct GemmKernel {
  std::size_t rows = 0;
  std::size_t cols = 0;
  /// Panels of all rows of `a`, one behind the other.
  void (*pack_rows)(const GemmOperand& a, float* out) = nullptr;
  /// Panels of all columns of b, which comes transposed.
  void (*pack_cols)(const GemmOperand& b_transposed, float* out) = nullptr;
  /// c = a b or c += a b of panels over `depth` values of k. Each tile of `rows` rows and `cols` columns is a step of
  /// `ahead`.
  void (*multiply)(const float* a, const float* b, std::size_t depth, MatrixView<float> c, bool adds,
                   GemmAhead& ahead) = nullptr;
};

/// Every width of a panel divides this.
inline constexpr std::size_t gemm_lines = 96;

inline GemmKernel gemm_kernel(Level use) {
  return detail::GemmKernels::run(use, [](auto kernels) {
    using Kernels = decltype(kernels);
    static_assert(gemm_lines % Kernels::rows == 0 && gemm_lines % Kernels::cols == 0);
    return GemmKernel{Kernels::rows, Kernels::cols, detail::pack<Kernels::rows>, detail::pack<Kernels::cols>,
                      detail::multiply_panels<Kernels>};
  });
}

}  // namespace asterism::simd
