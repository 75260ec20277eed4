// Recurrent kernels: the gated delta rule and causal convolutions of linear attention.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/simd/level.hpp"

namespace asterism::simd {

/// The largest width of a key in `delta_rule`.
inline constexpr std::size_t most_key_width = 256;

/// The most value columns that one call of `delta_rule` takes.
inline constexpr std::size_t most_delta_columns = 128;

/// Columns of a state that stay in a first-level cache of 32 KiB together.
constexpr std::size_t resident_columns(std::size_t key_width) { return key_width <= 128 ? 32 : 16; }
inline constexpr std::size_t resident_floats = 128 * 32;
static_assert(resident_floats >= most_key_width * resident_columns(most_key_width));

/// Columns that should be one call: of many tokens those that stay in the cache, of one token, whose state comes from
/// memory, as many as lie beside each other.
constexpr std::size_t delta_columns(std::size_t key_width, std::size_t tokens) {
  return tokens == 1 ? most_delta_columns : resident_columns(key_width);
}

/// Some columns of the value and of the state of one head, over n tokens. Rows may lie any stride apart.
struct DeltaBlock {
  MatrixView<const float> q;       ///< (n, key_width)
  MatrixView<const float> k;       ///< (n, key_width)
  MatrixView<const float> v;       ///< (n, columns)
  MatrixView<const float> decay;   ///< (n, 1)
  MatrixView<const float> beta;    ///< (n, 1)
  MatrixView<const float> before;  ///< (key_width, columns)
  MatrixView<float> after;         ///< (key_width, columns); may be `before`
  MatrixView<float> out;           ///< (n, columns)
  bool bypass = false;  ///< whether the state after one token is written past the caches, where that is possible

  /// The columns [first, first + count) of the value.
  DeltaBlock columns(std::size_t first, std::size_t count) const {
    DeltaBlock some = *this;
    some.v.data += first;
    some.before.data += first;
    some.after.data += first;
    some.out.data += first;
    some.v.cols = some.before.cols = some.after.cols = some.out.cols = count;
    return some;
  }
};

/// The gated delta rule, token by token: S <- decay S; d = beta (v - S^T k); S <- S + k d^T; o = S^T q, from S =
/// before to S = after. k counts as k / sqrt(sum of its squares + 1e-6), q likewise and divided by sqrt(key_width).
/// At most most_delta_columns columns, key_width 1 to most_key_width.
///
/// Between two tokens S is read and written once: row i of S, once token t has changed it, meets q_t and k_{t+1}.
/// Sums over the width of a key are in fp32, one row after another, ascending, and no column depends on others: the
/// bits of a result depend only on its column and the level, not on the cut of columns into blocks or of tokens into
/// calls. avx2 and avx512 have the same bits; portable rounds products as well. Doesn't check, throw or allocate;
/// uses less than 32 KiB of stack; thread-safe if `after` and `out` are not shared. Source: Yang, Kautz and
/// Hatamizadeh, Gated Delta Networks, arXiv 2412.06464.
void delta_rule(const DeltaBlock& block, Level use = level());

/// y_c = sum over j of taps(j, c) * rows[j][c], in fp32, j ascending. taps (rows, at least y.size), any stride. The
/// bits of a result depend only on its values and the level. Doesn't check, throw or allocate; thread-safe.
void convolve(View<const float* const> rows, MatrixView<const float> taps, View<float> y, Level use = level());

}  // namespace asterism::simd

#if !defined(ASTERISM_COMPILED)
#include "asterism/simd/recurrent_impl.hpp"
#endif
