// Bodies of packed_attention.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "asterism/backend/packed_attention.hpp"
#include "asterism/simd/dot.hpp"
#include "asterism/simd/gemm.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

namespace detail {

/// A block of queries of one head, with the rows that any of them sees.
struct QueryBlock {
  std::size_t first;  ///< query
  std::size_t rows;   ///< of queries
  std::size_t begin;  ///< first row that is seen
  std::size_t seen;   ///< rows
  std::size_t window;
  bool all;  ///< keys are seen by all queries
  float scale;

  static QueryBlock at(std::size_t first, std::size_t block, const HeadRows& of) {
    const std::size_t rows = std::min(block, of.queries.rows - first);
    const float scale = 1.0F / std::sqrt(static_cast<float>(of.keys.cols));
    if (of.all) return {first, rows, 0, of.keys.rows, 0, true, scale};
    const std::size_t begin = of.window > 0 && first + 1 > of.window ? first + 1 - of.window : 0;
    return {first, rows, begin, first + rows - begin, of.window, false, scale};
  }

  /// What query i of the block sees, as columns of the block's scores.
  View<float> visible(MatrixView<float> scores, std::size_t i) const {
    if (all) return scores.row(i);
    const std::size_t position = first + i;
    const std::size_t from = window > 0 && position + 1 > window ? position + 1 - window : 0;
    return scores.row(i).subview(from - begin, position + 1 - from);
  }

  /// scores (rows, seen) = the probabilities of the head's queries, 0 where a query does not see.
  void probabilities(MatrixView<const float> queries, MatrixView<const float> keys, View<float> scratch,
                     MatrixView<float> scores) const {
    simd::gemm({simd::GemmOperand::of(queries.rows_at(first, rows)),
                simd::GemmOperand::of(keys.rows_at(begin, seen)).transposed(), scores, false},
               scratch);
    for (std::size_t i = 0; i < rows; ++i) {
      const View<float> row = scores.row(i);
      const View<float> sees = visible(scores, i);
      std::fill(row.data, sees.data, 0.0F);
      std::fill(sees.end(), row.end(), 0.0F);
      const float share = 1.0F / simd::exponentials(sees, scale, simd::maximum(sees));
      for (std::size_t j = 0; j < sees.size; ++j) sees.data[j] *= share;
    }
  }
};

}  // namespace detail

ASTERISM_INLINE void attend_head(const HeadRows& rows, std::size_t block, View<float> scratch,
                                 MatrixView<float> out) {
  const std::size_t width = rows.keys.cols;
  for (std::size_t column = 0; column < rows.queries.cols; column += width) {
    const auto queries = detail::columns_at(rows.queries, column, width);
    const auto answers = detail::columns_at(out, column, width);
    for (std::size_t first = 0; first < queries.rows; first += block) {
      const auto part = detail::QueryBlock::at(first, block, rows);
      const MatrixView<float> scores(scratch.data, part.rows, part.seen);
      const View<float> rest = scratch.subview(part.rows * part.seen, scratch.size - part.rows * part.seen);
      part.probabilities(queries, rows.keys, rest, scores);
      simd::gemm({simd::GemmOperand::of(scores), simd::GemmOperand::of(rows.values.rows_at(part.begin, part.seen)),
                  answers.rows_at(first, part.rows), false},
                 rest);
    }
  }
}

ASTERISM_INLINE void attend_head_backward(const HeadRows& rows, std::size_t block, View<float> scratch,
                                          MatrixView<const float> dout, const HeadGradients& gradients) {
  using simd::GemmOperand;
  const std::size_t width = rows.keys.cols;
  const simd::Dot dot = simd::dot();
  for (std::size_t i = 0; i < rows.keys.rows; ++i) {
    std::fill_n(gradients.keys.row(i).data, width, 0.0F);
    std::fill_n(gradients.values.row(i).data, width, 0.0F);
  }
  for (std::size_t column = 0; column < rows.queries.cols; column += width) {
    const auto queries = detail::columns_at(rows.queries, column, width);
    const auto of_answers = detail::columns_at(dout, column, width);
    const auto of_queries = detail::columns_at(gradients.queries, column, width);
    for (std::size_t first = 0; first < queries.rows; first += block) {
      const auto part = detail::QueryBlock::at(first, block, rows);
      const std::size_t size = part.rows * part.seen;
      const MatrixView<float> probabilities(scratch.data, part.rows, part.seen);
      const MatrixView<float> d(scratch.data + size, part.rows, part.seen);
      const View<float> rest = scratch.subview(2 * size, scratch.size - 2 * size);
      const auto keys = rows.keys.rows_at(part.begin, part.seen);
      const auto values = rows.values.rows_at(part.begin, part.seen);
      const auto dy = of_answers.rows_at(first, part.rows);
      part.probabilities(queries, rows.keys, rest, probabilities);
      // Of values: P^T dy. Of probabilities: dy V^T. Of scores: P (that - its mean by P).
      simd::gemm({GemmOperand::of(probabilities).transposed(), GemmOperand::of(dy),
                  gradients.values.rows_at(part.begin, part.seen), true},
                 rest);
      simd::gemm({GemmOperand::of(dy), GemmOperand::of(values).transposed(), d, false}, rest);
      for (std::size_t i = 0; i < part.rows; ++i) {
        const View<const float> p = probabilities.row(i);
        const View<float> of_row = d.row(i);
        const View<const float> seen = part.visible(probabilities, i);
        const float mean = dot(seen.data, part.visible(d, i).data, seen.size);
        for (std::size_t j = 0; j < p.size; ++j) of_row[j] = part.scale * p[j] * (of_row[j] - mean);
      }
      simd::gemm({GemmOperand::of(d), GemmOperand::of(keys), of_queries.rows_at(first, part.rows), false}, rest);
      simd::gemm({GemmOperand::of(d).transposed(), GemmOperand::of(queries.rows_at(first, part.rows)),
                  gradients.keys.rows_at(part.begin, part.seen), true},
                 rest);
    }
  }
}

}  // namespace asterism::backend
