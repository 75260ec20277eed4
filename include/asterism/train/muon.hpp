// Muon: momentum whose update is made nearly orthogonal, for matrices of attention; AdamW for all else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/simd/gemm.hpp"
#include "asterism/train/adam_w.hpp"
#include "asterism/train/clip.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// How long Muon's update of a matrix (rows, cols) is, whose singular values are all about 1.
enum class MuonScale : std::uint8_t {
  one,         ///< as it is
  match_adam,  ///< times 0.2 sqrt(max(rows, cols)): elements as large as AdamW's, so that one rate suits both
};

/// Models Optimizer. For the kinds that `applies` names, with gradient g:
///
///     B = momentum B + g;  U = g + momentum B;  X = U / |U|, Frobenius norm
///     five times: A = X X^T;  X = 3.4445 X - 4.7750 A X + 2.0315 A A X
///     w = w - rate decay w - rate scale X
///
/// All other parameters take a step of `others`, whose rate follows the same schedule. State of a matrix: B, fp32, 4
/// bytes an element; work: two more of its size, two squares of its shorter side, and 352 KiB for each of at most 16
/// tasks of a product. Norm and products are in fp32, where torch.optim.Muon takes bfloat16. Sources: Jordan and
/// others, Muon, 2024 (kellerjordan.github.io/posts/muon); Liu and others, Muon is Scalable for LLM Training, arXiv
/// 2502.16982, for the scale.
struct Muon {
  float rate = 1e-4F;      ///< > 0: peak of the learning rate of matrices
  float momentum = 0.95F;  ///< in [0, 1)
  float decay = 0.01F;     ///< >= 0, for parameters that decay
  MuonScale scale = MuonScale::match_adam;
  AdamW others{};

  static constexpr int iterations = 5;
  static constexpr std::size_t most_parts = 16;  ///< tasks of one product, each with scratch of its own

  /// True for what is made orthogonal.
  static constexpr bool applies(Kind kind) { return kind == Kind::attention; }

  static constexpr Bytes state_bytes(Kind kind, std::size_t rows, std::size_t cols) {
    if (!applies(kind)) return AdamW::state_bytes(kind, rows, cols);
    return Bytes{aligned(checked_product(checked_product(rows, cols), sizeof(float)))};
  }
  static constexpr Bytes work_bytes(Kind kind, std::size_t rows, std::size_t cols) {
    if (!applies(kind)) return AdamW::work_bytes(kind, rows, cols);
    const std::size_t shorter = std::min(rows, cols);
    const Bytes matrix{aligned(checked_product(checked_product(rows, cols), sizeof(float)))};
    const Bytes square{aligned(checked_product(checked_product(shorter, shorter), sizeof(float)))};
    return matrix * 2 + square * 2 + Bytes{aligned(norm_pieces(rows * cols) * sizeof(double))} +
           Bytes{aligned(simd::gemm_scratch * sizeof(float))} * parts(rows, cols);
  }

  /// Tasks of a product (rows, cols).
  static constexpr std::size_t parts(std::size_t rows, std::size_t cols) {
    const std::size_t tiles =
        ((rows + simd::gemm_rows - 1) / simd::gemm_rows) * ((cols + simd::gemm_cols - 1) / simd::gemm_cols);
    return std::min(tiles, most_parts);
  }

  /// Floating-point operations of the iterations of one matrix, for telling their share of a step.
  static constexpr double operations(std::size_t rows, std::size_t cols) {
    const auto shorter = static_cast<double>(std::min(rows, cols));
    const auto longer = static_cast<double>(std::max(rows, cols));
    return iterations * shorter * shorter * (4 * longer + 2 * shorter);
  }

  /// Zeros.
  void initialise(const Parameter& parameter) const;
  void update(const parallel::ExecutionRef& execution, const Parameter& parameter, std::int64_t step,
              float step_rate, View<std::byte> work) const;

  friend constexpr bool operator==(const Muon&, const Muon&) = default;
};

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/muon_impl.hpp"
#endif
