// The CPU's share of training: the backward twins of a decoder's operations that no weight format takes part in.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/packed_attention.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/backend/training_checks.hpp"
#include "asterism/backend/training_extent.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/quant/float_storage.hpp"

namespace asterism::backend {

/// Gradients of operations on rows, each the twin of the operation of HostDevice that its name begins with. The other
/// base of BasicTrainingHost, beside the host whose memory they work on. A gradient of rows is written or added to, as
/// each says; a gradient of weights is always added to. Sums over rows are made in pieces of `piece_rows` rows,
/// ascending, so that the bits are the same for any number of threads. Allocates nothing after `reserve_training`. Not
/// thread-safe.
class HostTraining {
 public:
  /// Rows whose share of a sum over rows is summed on its own.
  static constexpr std::size_t piece_rows = 64;
  /// Rows of queries that attention takes at a time.
  static constexpr std::size_t query_rows = 48;

  HostTraining(const HostTraining&) = delete;
  HostTraining& operator=(const HostTraining&) = delete;

  /// x becomes 0.
  void clear(DeviceMatrix<float> x);

  /// The numbers of x, in a type of 2 bytes; see simd::store_floats. Equal shapes, without gaps between rows.
  void store_floats(DeviceMatrix<const float> x, quant::FloatStorage storage, DeviceMatrix<std::uint16_t> stored);
  /// The way back.
  void load_floats(DeviceMatrix<const std::uint16_t> stored, quant::FloatStorage storage, DeviceMatrix<float> x);

  /// dx += gradient of x, dweight (1, cols) += that of the weight, for y = RMSNorm(x) with weight (1, cols) and the
  /// gradient dy; x, dy and dx (n, cols). Without rows in dweight the weight is frozen. Source: Zhang, Sennrich: Root
  /// Mean Square Layer Normalization, arXiv 1910.07467.
  void rms_norm_backward(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, float epsilon,
                         DeviceMatrix<const float> dy, DeviceMatrix<float> dx, DeviceMatrix<float> dweight);

  /// db (1, cols) += the sum of the rows of dy (n, cols): the gradient of a bias.
  void bias_backward(DeviceMatrix<const float> dy, DeviceMatrix<float> db);

  /// From the gradient d of silu(gate) * up: gate and up become their gradients; equal shapes. See
  /// simd::silu_multiply_backward.
  void silu_multiply_backward(DeviceMatrix<const float> d, DeviceMatrix<float> gate, DeviceMatrix<float> up);

  /// d becomes 0 where y = max(x, 0) is 0; equal shapes.
  void relu_backward(DeviceMatrix<const float> y, DeviceMatrix<float> d);

  /// Rotates back, in place: the gradient of what `rotate` was given from that of what it made.
  void rotate_backward(DeviceMatrix<const float> tables, std::size_t head_dim, DeviceMatrix<float> d);

  /// Attention of each row to rows of its own sequence: all up to itself, at most the last `window` of them if window >
  /// 0. queries and out (n, heads * head_dim), keys and values (n, kv_heads * head_dim), rotated. Scores are scaled by
  /// head_dim^-1/2. No sequence is longer than was reserved.
  void attend_packed(DeviceMatrix<const float> queries, DeviceMatrix<const float> keys,
                     DeviceMatrix<const float> values, std::size_t head_dim, const Sequences& sequences,
                     std::size_t window, DeviceMatrix<float> out);

  /// From dout, the gradient of what `attend_packed` made of the same operands, those of queries, keys and values,
  /// which are overwritten. Probabilities are computed again. Source: Dao et al., FlashAttention, arXiv 2205.14135,
  /// appendix B.2.
  void attend_packed_backward(DeviceMatrix<const float> queries, DeviceMatrix<const float> keys,
                              DeviceMatrix<const float> values, std::size_t head_dim, const Sequences& sequences,
                              std::size_t window, DeviceMatrix<const float> dout, DeviceMatrix<float> dqueries,
                              DeviceMatrix<float> dkeys, DeviceMatrix<float> dvalues);

  /// For x += sum of weight * answer and the gradient dx (n, cols): dslots (slots, cols) becomes that of the answers,
  /// dweights (n, k) that of the routes' weights, 0 where a choice was dropped. answers (slots, cols) as they were
  /// combined.
  void combine_backward(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                        DeviceMatrix<const float> answers, DeviceMatrix<const float> dx,
                        DeviceMatrix<float> dslots, DeviceMatrix<float> dweights);

  /// dx(i, :) += the rows of dslots (slots, cols) that were gathered from row i, in order of expert. dx (n, cols).
  void gather_backward(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                       DeviceMatrix<const float> dslots, DeviceMatrix<float> dx);

  /// dscores (n, experts) from dweights (n, k) and dprobabilities: of all rows alike (1, experts), of each (n,
  /// experts), or none (0 rows). Scores as `route` was given them, probabilities and routes as it left them. See
  /// train::TrainableGating.
  template <class Gating>
  void route_backward(const Gating& gating, DeviceMatrix<const float> scores,
                      DeviceMatrix<const float> probabilities, DeviceMatrix<const gating::Route> routes,
                      DeviceMatrix<const float> dweights, DeviceMatrix<const float> dprobabilities,
                      DeviceMatrix<float> dscores) {
    checks_.route_backward(scores, probabilities, routes, dweights, dprobabilities, dscores);
    execution_.for_each_range(routes.rows(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        View<const float> of_losses;
        if (dprobabilities.rows() > 0) of_losses = dprobabilities.view.row(dprobabilities.rows() == 1 ? 0 : i);
        gating.backward(scores.view.row(i), probabilities.view.row(i), routes.view.row(i), dweights.view.row(i),
                        of_losses, dscores.view.row(i));
      }
    });
  }

  /// out(i, :) = x(rows[i], :), for rows of x; out (rows, cols).
  void take_rows(DeviceMatrix<const float> x, View<const std::int32_t> rows, DeviceMatrix<float> out);

  /// Its twin: dx becomes 0, but for dx(rows[i], :) = dout(i, :). No row is named twice.
  void take_rows_backward(DeviceMatrix<const float> dout, View<const std::int32_t> rows, DeviceMatrix<float> dx);

  /// logits (n, vocabulary) become the gradient of the sum of weights[i] * (log sum exp logits(i, :) - logits(i,
  /// targets[i])), results (2, n) its terms and, as 1 or 0, whether the target has the highest logit. InvalidArgument
  /// for a target outside the vocabulary.
  void cross_entropy(DeviceMatrix<float> logits, View<const TokenId> targets, View<const float> weights,
                     DeviceMatrix<float> results);

  /// counts (1, experts) = how often each expert is chosen in routes (n, k), of which none was dropped.
  void count_choices(DeviceMatrix<const gating::Route> routes, DeviceMatrix<std::int32_t> counts);

  /// In routes (n, k) the choices of an expert after the first `capacity`, rows ascending, become gating::dropped.
  /// left (1, experts) becomes what each has left, below 0 where it was chosen more often.
  void drop_beyond(std::size_t capacity, DeviceMatrix<std::int32_t> left, DeviceMatrix<gating::Route> routes);

  /// terms(i, :) = log sum exp of scores(i, :), and the entropy of probabilities(i, :) in nats. scores and
  /// probabilities (n, experts), terms (n, 2).
  void router_terms(DeviceMatrix<const float> scores, DeviceMatrix<const float> probabilities,
                    DeviceMatrix<float> terms);

  /// dscores (n, experts) += the gradient of factor / 2 times the sum over the rows of log^2 sum exp scores, whose
  /// terms `router_terms` left.
  void z_loss_backward(DeviceMatrix<const float> scores, DeviceMatrix<const float> terms, float factor,
                       DeviceMatrix<float> dscores);

  /// x *= factor.
  void scale(float factor, DeviceMatrix<float> x);

  /// sums (1, cols) = the sum of the rows of x (n, cols).
  void sum_rows(DeviceMatrix<const float> x, DeviceMatrix<float> sums);

 protected:
  HostTraining(std::int32_t device, parallel::ExecutionRef execution) : checks_{device}, execution_(execution) {}
  ~HostTraining() = default;

  const TrainingChecks& training_checks() const { return checks_; }

  /// Scratch memory besides that of products.
  static constexpr Bytes scratch_of(const TrainingExtent& extent) {
    Layout cursor;
    Scratch::lay_out(cursor, extent);
    return cursor.used();
  }
  void keep(Buffer scratch, const TrainingExtent& extent) {
    buffer_ = std::move(scratch);
    Layout cursor(buffer_);
    scratch_ = Scratch::lay_out(cursor, extent);
    extent_ = extent;
  }
  const TrainingExtent& extent() const { return extent_; }
  const parallel::ExecutionRef& training_execution() const { return execution_; }

  /// Calls f(scratch, queries, keys) for every key/value head of every sequence: queries(matrix) is what of a matrix
  /// (n, columns of all heads) with rows as `of_queries` has them belongs to it, keys(matrix) with rows as `of_keys`.
  template <class F>
  void for_each_head(const Sequences& of_queries, const Sequences& of_keys, std::size_t kv_heads, F&& f) {
    for_each_by_worker(of_keys.size() * kv_heads, [&](std::size_t worker, std::size_t task) {
      const auto part = [&](const Sequences& of, const auto& all) {
        const std::size_t width = all.cols() / kv_heads;
        const std::size_t sequence = task / kv_heads;
        return detail::columns_at(all.view.rows_at(of.first(sequence), of.rows(sequence)), task % kv_heads * width,
                                  width);
      };
      f(
          scratch_.attention.view.row(worker), [&](const auto& all) { return part(of_queries, all); },
          [&](const auto& all) { return part(of_keys, all); });
    });
  }

  /// Calls f(row, sums (cols)) for all rows, and adds the sums of all pieces to `total` (cols).
  template <class F>
  void sum_over_rows(std::size_t rows, View<float> total, F&& f) {
    const std::size_t pieces = (rows + piece_rows - 1) / piece_rows;
    execution_.for_each_task(pieces, [&](std::size_t piece) {
      const View<float> sums = sums_of(piece, total.size);
      std::fill_n(sums.data, sums.size, 0.0F);
      const std::size_t end = std::min(rows, (piece + 1) * piece_rows);
      for (std::size_t row = piece * piece_rows; row < end; ++row) f(row, sums);
    });
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      const View<const float> sums = sums_of(piece, total.size);
      for (std::size_t c = 0; c < total.size; ++c) total[c] += sums[c];
    }
  }

 private:
  struct Scratch {
    DeviceMatrix<float> sums;       ///< (1, ...): over the rows of each piece
    DeviceMatrix<float> attention;  ///< (threads, ...): of a block of queries

    static constexpr Scratch lay_out(Layout& cursor, const TrainingExtent& extent) {
      return {cursor.matrix<float>(1, extent.rows * extent.cols / piece_rows + extent.cols),
              cursor.matrix<float>(extent.threads, packed_attention_scratch(extent.longest, query_rows))};
    }
  };

  /// Calls f(worker, i) for 0 <= i < count, no two at a time with the same worker < threads.
  template <class F>
  void for_each_by_worker(std::size_t count, F&& f) {
    std::atomic<std::size_t> next{0};
    execution_.for_each_task(std::min(extent_.threads, count), [&](std::size_t worker) {
      for (std::size_t i = next++; i < count; i = next++) f(worker, i);
    });
  }

  View<float> sums_of(std::size_t piece, std::size_t cols) const {
    return scratch_.sums.view.row(0).subview(piece * cols, cols);
  }

  TrainingChecks checks_;
  parallel::ExecutionRef execution_;
  TrainingExtent extent_{};
  Buffer buffer_;
  Scratch scratch_{};
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_training_impl.hpp"
#endif
