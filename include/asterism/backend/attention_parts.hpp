// How attention over many positions is cut into blocks of them, and how what was seen of each becomes one result.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "asterism/backend/attention_span.hpp"

namespace asterism::backend {

/// Positions of a block of keys and values. A query sees each block on its own, from multiple to multiple of so many
/// positions, and then puts together what it saw in ascending order: so blocks can go to different threads, and the
/// bits of a result do not tell whether they did. Contexts up to this length have one block.
inline constexpr std::size_t block_positions = 2048;

/// The widest head of keys and values that attention takes.
inline constexpr std::size_t widest_head = 8192;

/// The blocks that hold positions between the spans of a first and a last query: those with sinks, then those from
/// where the window of the first begins.
struct PositionBlocks {
  std::size_t first_sink = 0;
  std::size_t end_sink = 0;
  std::size_t begin = 0;
  std::size_t end = 0;

  constexpr PositionBlocks(const AttentionSpan& first, const AttentionSpan& last)
      : first_sink(first.first_sink / block_positions),
        end_sink((last.end_sink + block_positions - 1) / block_positions),
        begin(first.begin / block_positions),
        end(last.position / block_positions + 1) {
    if (first.first_sink >= last.end_sink) end_sink = first_sink;
    if (end_sink > begin) end_sink = begin;
    if (first_sink > end_sink) first_sink = end_sink;
  }

  constexpr std::size_t count() const { return end_sink - first_sink + end - begin; }
  constexpr std::size_t operator[](std::size_t i) const {
    const std::size_t sinks = end_sink - first_sink;
    return i < sinks ? first_sink + i : begin + i - sinks;
  }
};

/// What a query has seen of a block, or of all up to it: the largest score, and the sum of exp((score - maximum) *
/// scale). Beside it stands the sum of the values with these weights.
struct Softmax {
  float maximum = -std::numeric_limits<float>::infinity();
  float total = 0;

  bool empty() const { return total == 0; }  // the largest score alone has a weight of 1
};

/// What scores are multiplied with.
inline float attention_scale(std::size_t head_dim) { return 1.0F / std::sqrt(static_cast<float>(head_dim)); }

/// Four floats at any address. Kernels read what is written here right afterwards, in vectors: written one by one, it
/// would keep them waiting.
using FourFloats [[gnu::vector_size(16), gnu::may_alias, gnu::aligned(4)]] = float;

/// x *= factor for n values.
__attribute__((noinline)) inline void scale_values(float* x, float factor, std::size_t n) {
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) *reinterpret_cast<FourFloats*>(x + i) *= factor;
  for (; i < n; ++i) x[i] *= factor;
}

/// all = all and what follows it, both not empty; the same for the sums of values beside them, of `width` each. Never
/// inlined, so that all callers get the same rounding.
__attribute__((noinline)) inline void add_part(const Softmax& part, const float* part_sum, float scale,
                                               std::size_t width, Softmax& all, float* sum) {
  const float maximum = part.maximum > all.maximum ? part.maximum : all.maximum;
  const float before = std::exp((all.maximum - maximum) * scale);
  const float now = std::exp((part.maximum - maximum) * scale);
  all = {maximum, all.total * before + part.total * now};
  std::size_t i = 0;
  for (; i + 4 <= width; i += 4) {
    auto& four = *reinterpret_cast<FourFloats*>(sum + i);
    four = four * before + *reinterpret_cast<const FourFloats*>(part_sum + i) * now;
  }
  for (; i < width; ++i) sum[i] = sum[i] * before + part_sum[i] * now;
}

}  // namespace asterism::backend
