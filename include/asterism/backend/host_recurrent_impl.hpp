// Bodies of host_recurrent.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

#include "asterism/backend/host_recurrent.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/linalg/rms_norm.hpp"
#include "asterism/simd/recurrent.hpp"
#include "asterism/simd/silu.hpp"

namespace asterism::backend {

static_assert(DeltaHeads::most_key_width == simd::most_key_width);

namespace detail {

/// Channels of a task: 512 bytes of each row.
inline constexpr std::size_t channels_at_once = 128;

/// A state above this size is not in a cache any more when its sequence comes back: other layers were there.
inline constexpr std::size_t lasting_bytes = std::size_t{1} << 20U;

/// taps[j * channels_at_once + c] = weights(c, j). A decode step does this for each tap that it uses, so that the usual
/// four are brought there in registers.
inline void lay_out_taps(MatrixView<const float> weights, float* taps) {
  std::size_t c = 0;
  for (; weights.cols == 4 && c + 4 <= weights.rows; c += 4) {
    using Four [[gnu::vector_size(16)]] = float;
    Four rows[4];
    for (std::size_t k = 0; k < 4; ++k) std::memcpy(&rows[k], weights.row(c + k).data, sizeof rows[k]);
    const Four low = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
    const Four low_2 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
    const Four high = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
    const Four high_2 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
    const Four of_tap[4] = {
        __builtin_shufflevector(low, low_2, 0, 1, 4, 5), __builtin_shufflevector(low, low_2, 2, 3, 6, 7),
        __builtin_shufflevector(high, high_2, 0, 1, 4, 5), __builtin_shufflevector(high, high_2, 2, 3, 6, 7)};
    for (std::size_t j = 0; j < 4; ++j) std::memcpy(taps + j * channels_at_once + c, &of_tap[j], sizeof of_tap[j]);
  }
  for (; c < weights.rows; ++c) {
    for (std::size_t j = 0; j < weights.cols; ++j) taps[j * channels_at_once + c] = weights(c, j);
  }
}

/// All rows of the channels [first, first + count).
inline void convolve_channels(MatrixView<const float> x, MatrixView<const float> weights,
                              MatrixView<const float> before, MatrixView<float> after, MatrixView<float> y,
                              std::size_t first, std::size_t count, simd::Level level) {
  const std::size_t kernel = weights.cols;
  float taps[most_kernel_width * channels_at_once];  // (kernel, channels): as the rows lie
  float ones[channels_at_once];
  lay_out_taps(weights.rows_at(first, count), taps);
  for (std::size_t c = 0; c < count; ++c) ones[c] = 1;
  const auto u = [&](std::size_t row) {  // of [before; x]
    return row + 1 < kernel ? before.data + row * before.stride + first
                            : x.data + (row + 1 - kernel) * x.stride + first;
  };
  for (std::size_t t = 0; t < x.rows; ++t) {
    const float* rows[most_kernel_width];
    for (std::size_t j = 0; j < kernel; ++j) rows[j] = u(t + j);
    const View<float> to = y.row(t).subview(first, count);
    simd::convolve(View<const float* const>(rows, kernel),
                   MatrixView<const float>(taps, kernel, count, channels_at_once), to, level);
    simd::silu_multiply(to, View<const float>(ones, count), to, level);
  }
  for (std::size_t row = 0; row + 1 < kernel; ++row) {  // upwards, so that after may be before
    std::memmove(after.row(row).data + first, u(x.rows + row), count * sizeof(float));
  }
}

/// ln(1 + exp(x)), with torch's threshold.
inline float softplus(float x) { return x > 20 ? x : std::log1p(std::exp(x)); }

}  // namespace detail

ASTERISM_INLINE void causal_convolution(parallel::ExecutionRef execution, MatrixView<const float> x,
                                        MatrixView<const float> weights, MatrixView<const float> before,
                                        MatrixView<float> after, MatrixView<float> y) {
  const std::size_t each = detail::channels_at_once;
  const simd::Level level = simd::level();
  execution.for_each_task((x.cols + each - 1) / each, [&](std::size_t task) {
    const std::size_t first = task * each;
    const std::size_t count = std::min(each, x.cols - first);
    detail::convolve_channels(x, weights, before, after, y, first, count, level);
  });
}

ASTERISM_INLINE void delta_gates(parallel::ExecutionRef execution, const DeltaHeads& heads,
                                 MatrixView<const float> ba, View<const float> rate, View<const float> dt_bias,
                                 MatrixView<float> decay, MatrixView<float> beta) {
  const std::size_t group = heads.values_per_key();
  execution.for_each_task(ba.rows, [&](std::size_t t) {
    for (std::size_t head = 0; head < heads.value_heads; ++head) {
      const float* const b = ba.row(t).data + head / group * 2 * group + head % group;
      const float step = detail::softplus(b[group] + dt_bias[head]);
      decay(t, head) = std::exp(rate[head] * step);
      beta(t, head) = 1 / (1 + std::exp(-b[0]));
    }
  });
}

ASTERISM_INLINE void delta_rule(parallel::ExecutionRef execution, const DeltaHeads& heads,
                                MatrixView<const float> qkv, MatrixView<const float> decay,
                                MatrixView<const float> beta, MatrixView<const float> before,
                                MatrixView<float> after, MatrixView<float> out) {
  const std::size_t n = qkv.rows;
  const std::size_t each = simd::delta_columns(heads.key_width, n);
  const std::size_t blocks = (heads.value_width + each - 1) / each;
  const std::size_t state_bytes = heads.state_rows() * heads.value_width * sizeof(float);
  const bool bypass = after.data != before.data && state_bytes >= detail::lasting_bytes;
  const simd::Level level = simd::level();
  const auto columns = [n](auto all, std::size_t first, std::size_t count) {
    return decltype(all)(all.data + first, n, count, all.stride);
  };
  execution.for_each_task(blocks * heads.value_heads, [&](std::size_t task) {
    const std::size_t head = task / blocks;
    const std::size_t first = task % blocks * each;
    const std::size_t count = std::min(each, heads.value_width - first);
    const std::size_t q = head / heads.values_per_key() * heads.key_width;
    const std::size_t v = head * heads.value_width + first;
    const std::size_t state = head * heads.key_width;
    const simd::DeltaBlock block{
        .q = columns(qkv, q, heads.key_width),
        .k = columns(qkv, heads.key_columns() + q, heads.key_width),
        .v = columns(qkv, 2 * heads.key_columns() + v, count),
        .decay = columns(decay, head, 1),
        .beta = columns(beta, head, 1),
        .before = {before.data + state * before.stride + first, heads.key_width, count, before.stride},
        .after = {after.data + state * after.stride + first, heads.key_width, count, after.stride},
        .out = columns(out, v, count),
        .bypass = bypass};
    simd::delta_rule(block, level);
  });
}

ASTERISM_INLINE void gated_rms_norm(parallel::ExecutionRef execution, MatrixView<const float> x,
                                    View<const float> weight, float epsilon, MatrixView<const float> z,
                                    MatrixView<float> y) {
  const simd::Level level = simd::level();
  execution.for_each_task(x.rows, [&](std::size_t t) {
    for (std::size_t c = 0; c < x.cols; c += weight.size) {
      const View<float> to = y.row(t).subview(c, weight.size);
      linalg::rms_norm(x.row(t).subview(c, weight.size), weight, epsilon, to);
      simd::silu_multiply(z.row(t).subview(c, weight.size), to, to, level);
    }
  });
}

}  // namespace asterism::backend
