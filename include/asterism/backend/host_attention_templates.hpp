// Bodies of host_attention.hpp, as templates: see kernels.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

#include "asterism/backend/attention_parts.hpp"
#include "asterism/backend/attention_span.hpp"
#include "asterism/backend/host_attention.hpp"
#include "asterism/simd/stored_row.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

/// Up to `most` queries that share passes over keys and values of one head.
///
/// A query sees block after block of positions, see PositionBlocks. In a block it works through its visible sinks and
/// then through its window, in pieces that end at multiples of `piece` positions, with a running maximum. Blocks and
/// pieces, and the order of summation within a piece, depend only on its position, so its result has the same bits
/// whatever the other queries are. Masked positions never affect a result, even if they hold NaN. Source: Milakov and
/// Gimelshein, Online normalizer calculation for softmax, arXiv 1805.02867.
///
/// An object of about 72 KB for the stack, for 8-bit rows 88 KB.
template <class Format>
class QueryBlock {
 public:
  static constexpr std::size_t most = most_queries;

  QueryBlock(const KvView<Format>& kv, std::size_t kv_head, simd::Level level)
      : kv_(kv),
        kv_head_(kv_head),
        level_(level),
        most_(kv.head_dim * most > widest_head ? widest_head / kv.head_dim : most),
        scale_(attention_scale(kv.head_dim)) {}

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == most_; }

  /// Adds a query (head_dim), at a position that is not before those of the others.
  void add(const float* query, const AttentionSpan& visible) {
    queries_[size_] = query;
    visible_[size_] = visible;
    ++size_;
  }

  /// What the queries see of all positions, to outs[q] (head_dim); then there are none.
  void attend(float* const* outs) {
    Softmax all[most];
    const PositionBlocks blocks(visible_[0], visible_[size_ - 1]);
    for (std::size_t i = 0; i < blocks.count(); ++i) {
      float* sums[most];
      for (std::size_t q = 0; q < size_; ++q)
        sums[q] = all[q].empty() ? outs[q] : parts_.data() + q * kv_.head_dim;
      see(blocks[i], sums);
      for (std::size_t q = 0; q < size_; ++q) {
        if (all[q].empty()) {
          all[q] = softmax_[q];
        } else if (!softmax_[q].empty()) {
          add_part(softmax_[q], sums[q], scale_, kv_.head_dim, all[q], outs[q]);
        }
      }
    }
    for (std::size_t q = 0; q < size_; ++q) {
      for (std::size_t i = 0; i < kv_.head_dim; ++i) outs[q][i] /= all[q].total;
    }
    size_ = 0;
  }

  /// What the queries see of a block of positions: softmax[q], and the sums of values to sums[q] (head_dim).
  void attend_block(std::size_t block, float* const* sums, Softmax* softmax) {
    see(block, sums);
    std::copy_n(softmax_.data(), size_, softmax);
  }

 private:
  /// Positions: some 16 KiB of keys in heads of 128, which are used up before what is read ahead drives them out of a
  /// cache.
  static constexpr std::size_t piece = KvFormat<Format>::bytes(128) < 256 ? 128 : 64;
  static constexpr std::size_t together = 4;         // queries per kernel call
  static constexpr std::size_t few = 8;              // queries for which converting again is cheaper than storing
  static constexpr std::size_t widened_size = 4096;  // values

  /// Positions [begin, end).
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;

    bool empty() const { return begin >= end; }
    Range within(const Range& other) const { return {std::max(begin, other.begin), std::min(end, other.end)}; }
  };

  /// What the queries see of a block of positions.
  void see(std::size_t block, float* const* sums) {
    sums_ = sums;
    for (std::size_t q = 0; q < size_; ++q) {
      softmax_[q] = {};
      std::fill_n(sums[q], kv_.head_dim, 0.0F);
    }
    const Range all{block * block_positions, (block + 1) * block_positions};
    pass([&](const AttentionSpan& visible) { return Range{visible.first_sink, visible.end_sink}.within(all); });
    pass([&](const AttentionSpan& visible) { return Range{visible.begin, visible.position + 1}.within(all); });
  }

  template <class Seen>
  void pass(const Seen& seen) {
    for (std::size_t q = 0; q < size_; ++q) seen_[q] = seen(visible_[q]);
    const Range all = seen_by_any(0, size_);
    for (std::size_t first = all.begin / piece * piece; first < all.end; first += piece) {
      const Range positions = all.within({first, first + piece});
      const bool last = first + piece > visible_[size_ - 1].position;
      for_each_run({kv_.keys, kv_.values, 0}, positions,
                   [&](const auto& rows, Range run) { score(rows, run, first); });
      for (std::size_t q = 0; q < size_; ++q) weigh(q, seen_[q].within(positions), first);
      for_each_run({kv_.values, last ? nullptr : kv_.keys, piece}, positions,
                   [&](const auto& rows, Range run) { sum_up(rows, run, first); });
    }
  }

  /// The consecutive positions visible to any of the queries [first, first + count) in this pass.
  Range seen_by_any(std::size_t first, std::size_t count) const {
    Range all;
    for (std::size_t q = first; q < first + count; ++q) {
      const Range& seen = seen_[q];
      if (seen.empty()) continue;
      all = all.empty() ? seen : Range{std::min(all.begin, seen.begin), std::max(all.end, seen.end)};
    }
    return all;
  }

  /// Keys or values, and what is read after them: the rows of `next` that are `later` positions behind.
  struct Block {
    const std::byte* data = nullptr;
    const std::byte* next = nullptr;
    std::size_t later = 0;
  };

  /// Calls f(rows, their positions) for contiguous runs of rows. If many queries read them they are converted to
  /// float32 first.
  template <class F>
  void for_each_run(const Block& block, Range positions, F&& f) {
    using Row = typename KvFormat<Format>::Row;
    const bool widen = size_ > few && kv_.head_dim * 4 <= widened_size;
    while (!positions.empty()) {
      Range run{positions.begin, std::min(positions.end, positions.begin + kv_.run(positions.begin))};
      if (widen) run.end = std::min(run.end, run.begin + widened_size / kv_.head_dim);
      const std::byte* data = block.data + kv_.offset(kv_head_, run.begin);
      simd::StoredRows<Row> rows{data, run.end - run.begin, kv_.head_dim};
      if (block.next != nullptr) rows.ahead = block.next + kv_.offset(kv_head_, run.begin + block.later) - data;
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
      if (!softmax.empty()) {
        const float shrink = std::exp((softmax.maximum - maximum) * scale_);
        softmax.total *= shrink;
        scale_values(sums_[q], shrink, kv_.head_dim);
      }
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
      for (std::size_t k = q; k < q + count; ++k) common = common.within(seen_[k]);
      common.end = std::max(common.begin, common.end);
      for (std::size_t k = q; k < q + count; ++k) {
        add_values(k, 1, rows, run, seen_[k].within({run.begin, std::min(run.end, common.begin)}), first);
      }
      add_values(q, count, rows, run, common.within(run), first);
      for (std::size_t k = q; k < q + count; ++k) {
        add_values(k, 1, rows, run, seen_[k].within({common.end, run.end}), first);
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
    simd::add_weighted(weights, rows.subview(positions.begin - run.begin, size), {sums_ + q, count}, level_);
  }

  const KvView<Format>& kv_;
  std::size_t kv_head_;
  simd::Level level_;
  std::size_t most_;
  float scale_;
  std::size_t size_ = 0;
  std::array<const float*, most> queries_;
  std::array<AttentionSpan, most> visible_;
  // Of the block:
  std::array<Softmax, most> softmax_;
  float* const* sums_ = nullptr;
  std::array<Range, most> seen_;  // in this pass
  alignas(64) std::array<float, most * piece> scores_;
  alignas(64) std::array<float, widened_size> widened_;
  alignas(64) std::array<float, widest_head> parts_;
};

template <class Format>
void attend_rows(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head, std::size_t first,
                 std::size_t window, MatrixView<float> out, simd::Level use) {
  QueryBlock<Format> block(kv, kv_head, use);
  std::array<float*, most_queries> outs;
  std::size_t size = 0;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    const AttentionSpan seen = visible(kv, first + i, window);
    for (std::size_t head = 0; head < queries.cols; head += kv.head_dim) {
      block.add(queries.row(i).data + head, seen);
      outs[size++] = out.row(i).data + head;
      if (!block.full()) continue;
      block.attend(outs.data());
      size = 0;
    }
  }
  if (!block.empty()) block.attend(outs.data());
}

template <class Format>
void attend_block(MatrixView<const float> queries, const KvView<Format>& kv, std::size_t kv_head,
                  std::size_t first, std::size_t window, std::size_t position_block, Softmax* softmax, float* sums,
                  simd::Level use) {
  QueryBlock<Format> block(kv, kv_head, use);
  std::array<float*, most_queries> to;
  std::size_t size = 0;
  for (std::size_t i = 0; i < queries.rows; ++i) {
    const AttentionSpan seen = visible(kv, first + i, window);
    for (std::size_t head = 0; head < queries.cols; head += kv.head_dim) {
      block.add(queries.row(i).data + head, seen);
      to[size] = sums + size * kv.head_dim;
      ++size;
    }
  }
  block.attend_block(position_block, to.data(), softmax);
}

}  // namespace asterism::backend
