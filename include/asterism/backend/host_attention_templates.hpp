// Bodies of host_attention.hpp, as templates: see kernels.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "asterism/backend/host_attention.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

/// Up to `most` queries that share a pass over keys and values of one head, block by block.
///
/// A query works through its visible sinks and then through its window, in pieces that end at multiples of `piece`
/// positions, with a running maximum. The pieces, and the order of summation within a piece, depend only on its
/// position, so its result has the same bits whatever the other queries are. Masked positions never affect a
/// result, even if they hold NaN. Source: Milakov and Gimelshein, Online normalizer calculation for softmax, arXiv
/// 1805.02867.
///
/// An object of about 40 KB for the stack.
template <class Format>
class QueryBlock {
 public:
  static constexpr std::size_t most = most_queries;

  QueryBlock(const KvView<Format>& kv, std::size_t kv_head, simd::Level level)
      : kv_(kv), kv_head_(kv_head), level_(level), scale_(1.0F / std::sqrt(static_cast<float>(kv.head_dim))) {}

  std::size_t size() const { return size_; }

  /// Adds a query; query, sum (head_dim); the result is written to sum. At most `most` of them.
  void add(const float* query, float* sum, const AttentionSpan& visible) {
    queries_[size_] = query;
    sums_[size_] = sum;
    softmax_[size_] = {visible, {}, -std::numeric_limits<float>::infinity(), 0.0F};
    std::fill_n(sum, kv_.head_dim, 0.0F);
    ++size_;
  }

  /// Computes attention for all of them and empties the block.
  void attend() {
    pass([](const AttentionSpan& visible) { return Range{visible.first_sink, visible.end_sink}; });
    pass([](const AttentionSpan& visible) { return Range{visible.begin, visible.position + 1}; });
    for (std::size_t q = 0; q < size_; ++q) {
      for (std::size_t i = 0; i < kv_.head_dim; ++i) sums_[q][i] /= softmax_[q].total;
    }
    size_ = 0;
  }

 private:
  static constexpr std::size_t piece = 64;    // positions
  static constexpr std::size_t together = 4;  // queries per kernel call
  static constexpr std::size_t few = 8;  // queries for which converting again is cheaper than storing
  static constexpr std::size_t widened_size = 4096;  // values

  /// Positions [begin, end).
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;

    bool empty() const { return begin >= end; }
    Range within(const Range& other) const { return {std::max(begin, other.begin), std::min(end, other.end)}; }
  };

  struct Softmax {
    AttentionSpan visible;
    Range seen;  // in this pass
    float maximum = 0;
    float total = 0;
  };

  template <class Seen>
  void pass(const Seen& seen) {
    for (std::size_t q = 0; q < size_; ++q) softmax_[q].seen = seen(softmax_[q].visible);
    const Range all = seen_by_any(0, size_);
    for (std::size_t first = all.begin / piece * piece; first < all.end; first += piece) {
      const Range positions = all.within({first, first + piece});
      for_each_run(kv_.keys, positions, [&](const auto& rows, Range run) { score(rows, run, first); });
      for (std::size_t q = 0; q < size_; ++q) weigh(q, softmax_[q].seen.within(positions), first);
      for_each_run(kv_.values, positions, [&](const auto& rows, Range run) { sum_up(rows, run, first); });
    }
  }

  /// The consecutive positions visible to any of the queries [first, first + count) in this pass.
  Range seen_by_any(std::size_t first, std::size_t count) const {
    Range all;
    for (std::size_t q = first; q < first + count; ++q) {
      const Range& seen = softmax_[q].seen;
      if (seen.empty()) continue;
      all = all.empty() ? seen : Range{std::min(all.begin, seen.begin), std::max(all.end, seen.end)};
    }
    return all;
  }

  /// Calls f(rows, their positions) for contiguous runs of rows. If many queries read them they are converted to
  /// float32 first.
  template <class F>
  void for_each_run(const std::byte* block, Range positions, F&& f) {
    using Row = typename KvFormat<Format>::Row;
    const bool widen = size_ > few && kv_.head_dim * 4 <= widened_size;
    while (!positions.empty()) {
      Range run{positions.begin, std::min(positions.end, positions.begin + kv_.run(positions.begin))};
      if (widen) run.end = std::min(run.end, run.begin + widened_size / kv_.head_dim);
      const simd::StoredRows<Row> rows{block + kv_.offset(kv_head_, run.begin), run.end - run.begin, kv_.head_dim};
      if (widen) {
        simd::widen(rows, widened_.data(), level_);
        const auto* floats = reinterpret_cast<const std::byte*>(widened_.data());
        f(simd::StoredRows<simd::WidenedRow>{floats, rows.count, rows.width}, run);
      } else {
        f(rows, run);
      }
      positions.begin = run.end;
    }
  }

  /// scores(q, position - first) = query * key.
  template <class Rows>
  void score(const Rows& rows, Range run, std::size_t first) {
    for (std::size_t q = 0; q < size_; q += together) {
      const std::size_t count = std::min(together, size_ - q);
      const Range seen = seen_by_any(q, count).within(run);
      if (seen.empty()) continue;
      const std::size_t positions = seen.end - seen.begin;
      const MatrixView<float> out(scores_.data() + q * piece + seen.begin - first, count, positions, piece);
      simd::dots<>({queries_.data() + q, count}, rows.subview(seen.begin - run.begin, positions), out, level_);
    }
  }

  /// Converts scores to weights.
  void weigh(std::size_t q, Range seen, std::size_t first) {
    if (seen.empty()) return;
    Softmax& softmax = softmax_[q];
    const View<float> scores(scores_.data() + q * piece + seen.begin - first, seen.end - seen.begin);
    const float maximum = simd::maximum(scores, level_);
    if (maximum > softmax.maximum) {
      const float shrink = std::exp((softmax.maximum - maximum) * scale_);
      softmax.total *= shrink;
      for (std::size_t i = 0; i < kv_.head_dim; ++i) sums_[q][i] *= shrink;
      softmax.maximum = maximum;
    }
    softmax.total += simd::exponentials(scores, scale_, softmax.maximum, level_);
  }

  /// sum += weight * value: together if all of a few queries see a position, otherwise one by one; in either case
  /// with ascending positions.
  template <class Rows>
  void sum_up(const Rows& rows, Range run, std::size_t first) {
    for (std::size_t q = 0; q < size_; q += together) {
      const std::size_t count = std::min(together, size_ - q);
      Range common = run;
      for (std::size_t k = q; k < q + count; ++k) common = common.within(softmax_[k].seen);
      common.end = std::max(common.begin, common.end);
      for (std::size_t k = q; k < q + count; ++k) {
        add_values(k, 1, rows, run, softmax_[k].seen.within({run.begin, std::min(run.end, common.begin)}), first);
      }
      add_values(q, count, rows, run, common.within(run), first);
      for (std::size_t k = q; k < q + count; ++k) {
        add_values(k, 1, rows, run, softmax_[k].seen.within({common.end, run.end}), first);
      }
    }
  }

  template <class Rows>
  void add_values(std::size_t q, std::size_t count, const Rows& rows, Range run, Range positions,
                  std::size_t first) {
    if (positions.empty()) return;
    const std::size_t size = positions.end - positions.begin;
    const MatrixView<const float> weights(scores_.data() + q * piece + positions.begin - first, count, size,
                                          piece);
    simd::add_weighted(weights, rows.subview(positions.begin - run.begin, size), {sums_.data() + q, count},
                       level_);
  }

  const KvView<Format>& kv_;
  std::size_t kv_head_;
  simd::Level level_;
  float scale_;
  std::size_t size_ = 0;
  std::array<const float*, most> queries_;
  std::array<float*, most> sums_;
  std::array<Softmax, most> softmax_;
  alignas(64) std::array<float, most * piece> scores_;
  alignas(64) std::array<float, widened_size> widened_;
};

template <class Format>
void attend_rows(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head, std::size_t first,
                 std::size_t window, MatrixView<float> out, simd::Level use) {
  QueryBlock<Format> block(kv, kv_head, use);
  for (std::size_t i = 0; i < queries.rows; ++i) {
    const AttentionSpan seen = visible(kv, first + i, window);
    for (std::size_t head = 0; head < queries.cols; head += kv.head_dim) {
      block.add(queries.row(i).data + head, out.row(i).data + head, seen);
      if (block.size() == block.most) block.attend();
    }
  }
  block.attend();
}

}  // namespace asterism::backend
