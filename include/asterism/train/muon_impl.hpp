// Bodies of muon.hpp.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/train/clip.hpp"
#include "asterism/train/muon.hpp"

namespace asterism::train {

namespace detail {

/// What an update needs, cut from its work. X lies with its shorter side as rows.
struct MuonWork {
  MatrixView<float> x;
  MatrixView<float> next;
  MatrixView<float> gram;     ///< X X^T
  MatrixView<float> squared;  ///< gram times itself
  MatrixView<float> spare;
  View<double> sums;

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
    const std::size_t longer = std::max(rows, cols);
    x = matrix(shorter, longer);
    next = matrix(shorter, longer);
    gram = matrix(shorter, shorter);
    squared = matrix(shorter, shorter);
    spare = matrix(shorter, shorter);
    const std::size_t pieces = norm_pieces(rows * cols);
    sums = {reinterpret_cast<double*>(take(pieces * sizeof(double))), pieces};
    assert(static_cast<std::size_t>(at - work.data) <= work.size);
  }
};

/// c = a b, all row-major; b is read along its rows, one element of a row of a at a time.
inline void multiply(const parallel::ExecutionRef& execution, const MatrixView<float>& a, const MatrixView<float>& b,
                     const MatrixView<float>& c) {
  execution.for_each_task(a.rows, [&](std::size_t i) {
    float* const out = c.row(i).data;
    std::fill_n(out, c.cols, 0.0F);
    for (std::size_t k = 0; k < a.cols; ++k) {
      const float factor = a(i, k);
      const float* const line = b.row(k).data;
      for (std::size_t j = 0; j < b.cols; ++j) out[j] += factor * line[j];
    }
  });
}

}  // namespace detail

ASTERISM_INLINE void Muon::initialise(const Parameter& parameter) const {
  if (!parameter.state.empty()) std::memset(parameter.state.data, 0, parameter.state.size);
}

}  // namespace asterism::train
