// One step of inference: a pass of the network over pending tokens of several sequences.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <vector>

#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/engine/engine.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/observe/timeline.hpp"

namespace asterism::engine {

/// One pass of the network over pending tokens of several sequences: `clear`, `add` while there is room, `run`.
/// What was added must stay in place until then. Does not allocate unless it holds more sequences than ever before. Not
/// thread-safe; the engine must outlive it.
/// Source, for steps of continuous batches: Yu et al., Orca, OSDI 2022.
template <class B>
class Step {
 public:
  explicit Step(const Engine<B>& engine)
      : engine_(&engine), logits_(static_cast<std::size_t>(engine.shape().vocabulary)) {
    tokens_.reserve(static_cast<std::size_t>(engine.limits().prefill_chunk));
    entries_.reserve(1);
    segments_.reserve(1);
  }

  void clear() {
    entries_.clear();
    segments_.clear();
    tokens_.clear();
  }
  /// Number of tokens in it, at most limits.prefill_chunk.
  std::size_t size() const { return tokens_.size(); }

  /// Adds the pending tokens of a sequence, as many as there is room for and a pass may have, at most `most`; false if
  /// there is no room. Each sequence once.
  bool add(Sequence<B>& sequence, std::size_t most = std::numeric_limits<std::size_t>::max()) {
    const std::size_t room = static_cast<std::size_t>(engine_->limits().prefill_chunk) - size();
    const std::size_t rows = std::min({room, sequence.pending(), sequence.rows_to_stop(), most});
    if (rows == 0) return false;
    const View<const TokenId> next = sequence.next(rows);
    tokens_.insert(tokens_.end(), next.begin(), next.end());
    segments_.push_back(sequence.segment(rows));
    entries_.push_back({.sequence = &sequence, .rows = rows});
    return true;
  }

  /// Computes the tokens, then calls computed(i, logits) for each sequence i in the order of `add`. If none of its
  /// tokens is pending any more, logits (vocabulary) are those after its last token, and may be overwritten;
  /// otherwise std::nullopt. Then the sequence advances. If `computed` throws, that sequence and those after it
  /// are left unchanged. Returns false if `cancel` was requested: nothing has advanced, and the step can be run
  /// again. A `computed` that takes a third argument, hidden, may call it for hidden() (hidden): the state behind the
  /// last layer and the final norm of which these are the logits, valid during the call.
  ///
  /// Throws as the network does. On numeric overflow NumericError, unless refuse(i, error), called for the first
  /// sequence that overflows by itself, throws something more specific.
  template <class Computed, class Refuse>
  bool run(Computed&& computed, Refuse&& refuse, const std::stop_token& cancel = {}) {
    const auto lock = engine_->lock_workspace();
    observe::Laps laps(lock.timeline(), size());
    if (!forward(lock.workspace(), refuse, cancel, laps)) return false;
    laps.place(static_cast<std::size_t>(engine_->plan().head_device()), -1);
    const std::size_t most = lock.workspace().head().logits.rows();
    std::size_t row = 0;
    for (std::size_t i = 0; i < entries_.size();) {
      row += entries_[i].rows;
      if (!entries_[i].completes()) {
        tell(computed, i, std::optional<View<float>>(), HiddenRow{});
        entries_[i].advance();
        ++i;
        continue;
      }
      // Neighbours' last rows share one computation of logits.
      std::size_t count = 1;
      while (count < most && i + count < entries_.size() && entries_[i + count].rows == 1 &&
             entries_[i + count].completes()) {
        ++count;
      }
      SplitMoves moves{View<const Entry>(entries_).subview(i, count)};
      const auto logits = engine_->network().logits(engine_->devices(), lock.workspace(), row - 1, count, moves);
      for (std::size_t k = 0; k < count; ++k) {
        download(logits.rows_at(k, 1));
        laps.lap(observe::SpanKind::head);
        tell(computed, i + k, std::optional<View<float>>(View<float>(logits_)),
             HiddenRow{this, &lock.workspace(), k});
        entries_[i + k].advance();
        laps.lap(observe::SpanKind::sample);
      }
      row += count - 1;
      i += count;
    }
    return true;
  }

  /// Computes the tokens, which belong to one sequence, and calls f(row, logits) for its rows from `first` on, in
  /// order. Then the sequence has advanced.
  template <class F>
  void run_all_rows(std::size_t first, F&& f) {
    const auto lock = engine_->lock_workspace();
    const auto rethrow = [](std::size_t, const NumericError&) { throw; };
    observe::Laps laps(lock.timeline(), size());
    forward(lock.workspace(), rethrow, {}, laps);
    laps.place(static_cast<std::size_t>(engine_->plan().head_device()), -1);
    const Entry entry = entries_.front();
    entry.advance();
    const std::size_t most = lock.workspace().head().logits.rows();
    for (std::size_t row = first; row < entry.rows; row += most) {
      const std::size_t count = std::min(most, entry.rows - row);
      const auto logits =
          engine_->network().logits(engine_->devices(), lock.workspace(), row, count, entry.sequence->observer());
      for (std::size_t i = 0; i < count; ++i) {
        download(logits.rows_at(i, 1));
        laps.lap(observe::SpanKind::head);
        f(row + i, View<const float>(logits_));
        laps.lap(observe::SpanKind::sample);
      }
    }
  }

  /// Computes the tokens, which belong to one sequence, and calls f(row, hidden) for its rows from `first` on, in
  /// order; hidden (hidden) is what the head would multiply. Then the sequence has advanced. Allocates once.
  template <class F>
  void run_hidden_rows(std::size_t first, F&& f) {
    const auto lock = engine_->lock_workspace();
    const auto rethrow = [](std::size_t, const NumericError&) { throw; };
    observe::Laps laps(lock.timeline(), size());
    forward(lock.workspace(), rethrow, {}, laps);
    laps.place(static_cast<std::size_t>(engine_->plan().last_layer_device()), -1);
    const Entry entry = entries_.front();
    entry.advance();
    if (first >= entry.rows) return;
    const std::size_t count = entry.rows - first;
    const auto width = static_cast<std::size_t>(engine_->shape().hidden);
    hidden_.resize(static_cast<std::size_t>(engine_->limits().prefill_chunk) * width);
    const MatrixView<float> hidden(hidden_.data(), count, width);
    const auto device = static_cast<std::size_t>(engine_->plan().last_layer_device());
    engine_->devices()[device]->download(
        engine_->network().normed(engine_->devices(), lock.workspace(), first, count), hidden);
    laps.lap(observe::SpanKind::head);
    for (std::size_t i = 0; i < count; ++i) f(first + i, View<const float>(hidden.row(i)));
    laps.lap(observe::SpanKind::sample);
  }

 private:
  using Segment = typename Sequence<B>::Segment;
  using Workspace = typename Engine<B>::Workspace;

  /// Rows of the step that belong to one sequence.
  struct Entry {
    Sequence<B>* sequence = nullptr;
    std::size_t rows = 0;

    bool completes() const { return sequence->pending() == rows; }
    void advance() const { sequence->advance(rows); }
  };

  /// Reports to each sequence its share of what was copied between devices.
  struct SplitMoves {
    View<const Entry> entries;

    void moved(std::int32_t from, std::int32_t to, Bytes bytes) {
      for (const Entry& entry : entries) entry.sequence->observer().moved(from, to, {bytes.count / entries.size});
    }
  };

  /// Downloads a row that the head multiplied for the last logits.
  struct HiddenRow {
    Step* step = nullptr;
    const Workspace* workspace = nullptr;
    std::size_t row = 0;

    View<const float> operator()() const {
      const Engine<B>& engine = *step->engine_;
      step->hidden_.resize(static_cast<std::size_t>(engine.limits().prefill_chunk) *
                           static_cast<std::size_t>(engine.shape().hidden));
      const MatrixView<float> to(step->hidden_.data(), 1, static_cast<std::size_t>(engine.shape().hidden));
      const auto device = static_cast<std::size_t>(engine.plan().last_layer_device());
      engine.devices()[device]->download(engine.network().normed_row(*workspace, row), to);
      return to.row(0);
    }
  };

  template <class Computed>
  static void tell(Computed& computed, std::size_t i, std::optional<View<float>> logits,
                   [[maybe_unused]] const HiddenRow& hidden) {
    if constexpr (std::is_invocable_v<Computed&, std::size_t, std::optional<View<float>>, const HiddenRow&>) {
      computed(i, logits, hidden);
    } else {
      computed(i, logits);
    }
  }

  template <class Refuse>
  bool forward(const Workspace& workspace, Refuse&& refuse, const std::stop_token& cancel, observe::Laps& laps) {
    const auto& network = engine_->network();
    try {
      return network.forward(engine_->devices(), workspace, View<const Segment>(segments_), tokens_, cancel,
                             &laps);
    } catch (const NumericError& error) {  // find the sequence: rows do not depend on each other
      if (entries_.size() == 1) {
        refuse(0, error);
        throw;
      }
      std::size_t row = 0;
      for (std::size_t i = 0; i < entries_.size(); row += entries_[i++].rows) {
        const View<const TokenId> tokens = View<const TokenId>(tokens_).subview(row, entries_[i].rows);
        try {
          network.forward(engine_->devices(), workspace, View<const Segment>(&segments_[i], 1), tokens, {}, &laps);
        } catch (const NumericError& own) {
          refuse(i, own);
          throw;
        }
      }
      throw;
    }
  }

  void download(backend::DeviceMatrix<const float> row) {
    const auto device = static_cast<std::size_t>(engine_->plan().head_device());
    engine_->devices()[device]->download(row, MatrixView<float>(logits_.data(), 1, logits_.size()));
  }

  const Engine<B>* engine_;
  std::vector<float> logits_;
  std::vector<float> hidden_;  ///< empty until it is asked for
  std::vector<Entry> entries_;
  std::vector<Segment> segments_;  ///< the entries for the network
  std::vector<TokenId> tokens_;    ///< tokens of the segments
};

}  // namespace asterism::engine
