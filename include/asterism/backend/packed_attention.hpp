// Attention of one key/value head within one sequence, all of whose rows are at hand, and its gradient.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/gemm.hpp"

namespace asterism::backend {

namespace detail {

/// The columns [first, first + cols) of a matrix.
template <class T>
MatrixView<T> columns_at(const MatrixView<T>& all, std::size_t first, std::size_t cols) {
  return {all.data + first, all.rows, cols, all.stride};
}

}  // namespace detail

/// The rows of one sequence, columns of one key/value head: queries and what is made of them (rows, heads * head_dim)
/// of the heads that share it, keys and values (rows, head_dim). Row i sees the rows up to i, at most the last `window`
/// if window > 0; with `all` it sees every key, of which there may be another number then.
struct HeadRows {
  MatrixView<const float> queries;
  MatrixView<const float> keys;
  MatrixView<const float> values;
  std::size_t window = 0;
  bool all = false;
};

/// Gradients of these, in the same shapes.
struct HeadGradients {
  MatrixView<float> queries;
  MatrixView<float> keys;
  MatrixView<float> values;
};

/// Floats of scratch memory for sequences of at most `longest` keys, taking queries in blocks of `block` rows.
constexpr std::size_t packed_attention_scratch(std::size_t longest, std::size_t block) {
  return 2 * block * longest + simd::gemm_scratch;
}

/// out (rows, heads * head_dim) = attention. Scores are scaled by head_dim^-1/2. The bits of a row depend on it and the
/// rows that it sees alone. Does not allocate.
void attend_head(const HeadRows& rows, std::size_t block, View<float> scratch, MatrixView<float> out);

/// Gradients from that of `out`, overwritten. A head's share of keys and values is added in order of heads, then of
/// blocks of queries. Does not allocate.
void attend_head_backward(const HeadRows& rows, std::size_t block, View<float> scratch,
                          MatrixView<const float> dout, const HeadGradients& gradients);

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/packed_attention_impl.hpp"
#endif
