// Bodies of muon.hpp.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "asterism/simd/gemm.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/train/clip.hpp"
#include "asterism/train/muon.hpp"

namespace asterism::train {

namespace detail {

/// What an update needs, cut from its work.
struct MuonWork {
  MatrixView<float> x;      ///< (rows, cols)
  MatrixView<float> next;   ///< (rows, cols)
  MatrixView<float> gram;   ///< (shorter, shorter): X X^T, or X^T X where columns are fewer
  MatrixView<float> cubic;  ///< (shorter, shorter): what X is multiplied by
  View<double> sums;        ///< one a piece
  View<float> scratch;      ///< gemm_scratch for each part of a product

  MuonWork(View<std::byte> work, std::size_t rows, std::size_t cols) {
    std::byte* at = work.data;
    const auto take = [&](std::size_t bytes) {
      std::byte* const begin = at;
      at += aligned(bytes);
      return begin;
    };
    const auto matrix = [&](std::size_t n_rows, std::size_t n_cols) {
      return MatrixView<float>(reinterpret_cast<float*>(take(n_rows * n_cols * sizeof(float))), n_rows, n_cols);
    };
    const std::size_t shorter = std::min(rows, cols);
    x = matrix(rows, cols);
    next = matrix(rows, cols);
    gram = matrix(shorter, shorter);
    cubic = matrix(shorter, shorter);
    const std::size_t pieces = norm_pieces(rows * cols);
    sums = {reinterpret_cast<double*>(take(pieces * sizeof(double))), pieces};
    const std::size_t floats = Muon::parts(rows, cols) * simd::gemm_scratch;
    scratch = {reinterpret_cast<float*>(take(floats * sizeof(float))), floats};
    assert(static_cast<std::size_t>(at - work.data) <= work.size);
  }
};

/// c = a b in tiles of c; part p takes every parts-th tile, so that each has scratch of its own.
inline void multiply(const parallel::ExecutionRef& execution, const simd::GemmOperand& a,
                     const simd::GemmOperand& b, const MatrixView<float>& c, View<float> scratch,
                     simd::Level level) {
  const std::size_t across = (c.cols + simd::gemm_cols - 1) / simd::gemm_cols;
  const std::size_t tiles = (c.rows + simd::gemm_rows - 1) / simd::gemm_rows * across;
  const std::size_t parts = std::min(tiles, scratch.size / simd::gemm_scratch);
  execution.for_each_task(parts, [&](std::size_t part) {
    for (std::size_t tile = part; tile < tiles; tile += parts) {
      const std::size_t row = tile / across * simd::gemm_rows;
      const std::size_t col = tile % across * simd::gemm_cols;
      const std::size_t rows = std::min(simd::gemm_rows, c.rows - row);
      const std::size_t cols = std::min(simd::gemm_cols, c.cols - col);
      const simd::GemmOperand left{a.data + row * a.row_stride, rows, a.cols, a.row_stride, a.col_stride};
      const simd::GemmOperand right{b.data + col * b.col_stride, b.rows, cols, b.row_stride, b.col_stride};
      simd::gemm({left, right, {c.data + row * c.stride + col, rows, cols, c.stride}, false},
                 scratch.subview(part * simd::gemm_scratch, simd::gemm_scratch), level);
    }
  });
}

/// X = (3.4445 I - 4.7750 A + 2.0315 A A) X with A = X X^T, so often that its singular values are all about 1. Of a
/// matrix with more rows than columns the same from the right, with A = X^T X.
inline void orthogonalise(const parallel::ExecutionRef& execution, MuonWork& work, simd::Level level) {
  const bool wide = work.x.rows <= work.x.cols;
  const std::size_t shorter = work.gram.rows;
  for (int i = 0; i < Muon::iterations; ++i) {
    const auto x = simd::GemmOperand::of(work.x);
    const auto gram = simd::GemmOperand::of(work.gram);
    const auto cubic = simd::GemmOperand::of(work.cubic);
    multiply(execution, wide ? x : x.transposed(), wide ? x.transposed() : x, work.gram, work.scratch, level);
    multiply(execution, gram, gram, work.cubic, work.scratch, level);
    execution.for_each_range(shorter, [&](std::size_t first, std::size_t end) {
      for (std::size_t row = first; row < end; ++row) {
        float* const out = work.cubic.row(row).data;
        const float* const in = work.gram.row(row).data;
        for (std::size_t k = 0; k < shorter; ++k) out[k] = -4.7750F * in[k] + 2.0315F * out[k];
        out[row] += 3.4445F;
      }
    });
    multiply(execution, wide ? cubic : x, wide ? x : cubic, work.next, work.scratch, level);
    std::swap(work.x, work.next);
  }
}

}  // namespace detail

ASTERISM_INLINE void Muon::initialise(const Parameter& parameter) const {
  if (!parameter.state.empty()) std::memset(parameter.state.data, 0, parameter.state.size);
}

ASTERISM_INLINE void Muon::update(const parallel::ExecutionRef& execution, const Parameter& parameter,
                                  std::int64_t step, float step_rate, View<std::byte> work) const {
  if (!applies(parameter.kind)) {
    others.update(execution, parameter, step, others.rate * (step_rate / rate), work);
    return;
  }
  const std::size_t rows = parameter.weights.rows;
  const std::size_t cols = parameter.weights.cols;
  const std::size_t size = parameter.size();
  detail::MuonWork parts(work, rows, cols);
  auto* const buffer = reinterpret_cast<float*>(parameter.state.data);
  const auto for_each_piece = [&](const auto& f) {
    execution.for_each_task(norm_pieces(size), [&](std::size_t piece) {
      const std::size_t first = piece * piece_elements;
      f(piece, first, std::min(size, first + piece_elements));
    });
  };
  for_each_piece([&](std::size_t piece, std::size_t first, std::size_t end) {
    parameter.gradient.for_each_block(first, end, [&](std::size_t at, const float* gradient, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        buffer[at + i] = momentum * buffer[at + i] + gradient[i];
        parts.x.data[at + i] = gradient[i] + momentum * buffer[at + i];
      }
    });
    parts.sums[piece] = detail::sum_of_squares(parts.x.data + first, end - first);
  });
  double total = 0;
  for (const double sum : parts.sums) total += sum;
  const auto inverse = static_cast<float>(1 / std::max(std::sqrt(total), 1e-7));
  for_each_piece([&](std::size_t /*piece*/, std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) parts.x.data[i] *= inverse;
  });
  detail::orthogonalise(execution, parts, simd::level());
  const double length = scale == MuonScale::one ? 1.0 : 0.2 * std::sqrt(static_cast<double>(std::max(rows, cols)));
  const auto stride = static_cast<float>(double{step_rate} * length);
  const auto kept = static_cast<float>(parameter.decays ? 1 - double{step_rate} * double{decay} : 1.0);
  for_each_piece([&](std::size_t /*piece*/, std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) {
      parameter.weights.data[i] = kept * parameter.weights.data[i] - stride * parts.x.data[i];
    }
    parameter.refresh(first, end - first);
  });
}

}  // namespace asterism::train
