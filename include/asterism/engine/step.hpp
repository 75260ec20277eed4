// One step of inference: a pass of the network over pending tokens of several sequences.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/engine/engine.hpp"
#include "asterism/engine/sequence.hpp"

namespace asterism::engine {

/// Put together anew each time: `clear`, `add` while there is room, `run`. What was added has to stay where it is until
/// then. Allocates nothing once it has held as many sequences. For one thread at a time; the engine must outlive it.
/// Steps of continuous batches: Yu et al., Orca, OSDI 2022.
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
  /// Tokens in it, limits.prefill_chunk at most.
  std::size_t size() const { return tokens_.size(); }

  /// Puts the pending tokens of a sequence in, as many as there is room for; false where there is none. Each sequence once.
  bool add(Sequence<B>& sequence) {
    const std::size_t room = static_cast<std::size_t>(engine_->limits().prefill_chunk) - size();
    const std::size_t rows = std::min(room, sequence.pending());
    if (rows == 0) return false;
    const View<const TokenId> next = sequence.next(rows);
    tokens_.insert(tokens_.end(), next.begin(), next.end());
    segments_.push_back(sequence.segment(rows));
    entries_.push_back({.sequence = &sequence, .rows = rows});
    return true;
  }

  /// Computes the tokens, then calls computed(i, logits) for each sequence i in the order of `add`. Where none of its tokens
  /// is pending any more, logits (vocabulary) follow the last one, and it may overwrite them; else there are none. Then the
  /// sequence advances. Where `computed` throws, that sequence and those after it are as before.
  /// Returns false where `cancel` was asked to stop: nothing has advanced, and the step can be run again.
  ///
  /// Throws what the network throws. Where numbers overflow, NumericError, unless refuse(i, error), called for the first
  /// sequence that overflows by itself, throws something that tells more.
  template <class Computed, class Refuse>
  bool run(Computed&& computed, Refuse&& refuse, const std::stop_token& cancel = {}) {
    const auto lock = engine_->lock_workspace();
    if (!forward(lock.workspace(), refuse, cancel)) return false;
    const std::size_t most = lock.workspace().head().logits.rows();
    std::size_t row = 0;
    for (std::size_t i = 0; i < entries_.size();) {
      row += entries_[i].rows;
      if (!entries_[i].completes()) {
        computed(i, std::optional<View<float>>());
        entries_[i].advance();
        ++i;
        continue;
      }
      // Logits of the last rows of neighbours together.
      std::size_t count = 1;
      while (count < most && i + count < entries_.size() && entries_[i + count].rows == 1 &&
             entries_[i + count].completes()) {
        ++count;
      }
      SplitMoves moves{View<const Entry>(entries_).subview(i, count)};
      const auto logits = engine_->network().logits(engine_->devices(), lock.workspace(), row - 1, count, moves);
      for (std::size_t k = 0; k < count; ++k) {
        download(logits.rows_at(k, 1));
        computed(i + k, std::optional<View<float>>(View<float>(logits_)));
        entries_[i + k].advance();
      }
      row += count - 1;
      i += count;
    }
    return true;
  }

  /// Computes the tokens, which belong to one sequence, and calls f(row, logits) for its rows from `first` on, in order.
  /// The sequence has advanced then.
  template <class F>
  void run_all_rows(std::size_t first, F&& f) {
    const auto lock = engine_->lock_workspace();
    const auto rethrow = [](std::size_t, const NumericError&) { throw; };
    forward(lock.workspace(), rethrow, {});
    const Entry entry = entries_.front();
    entry.advance();
    const std::size_t most = lock.workspace().head().logits.rows();
    for (std::size_t row = first; row < entry.rows; row += most) {
      const std::size_t count = std::min(most, entry.rows - row);
      const auto logits =
          engine_->network().logits(engine_->devices(), lock.workspace(), row, count, entry.sequence->observer());
      for (std::size_t i = 0; i < count; ++i) {
        download(logits.rows_at(i, 1));
        f(row + i, View<const float>(logits_));
      }
    }
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

  /// Tells each sequence of its part of what moved between devices.
  struct SplitMoves {
    View<const Entry> entries;

    void moved(std::int32_t from, std::int32_t to, Bytes bytes) {
      for (const Entry& entry : entries) entry.sequence->observer().moved(from, to, {bytes.count / entries.size});
    }
  };

  template <class Refuse>
  bool forward(const Workspace& workspace, Refuse&& refuse, const std::stop_token& cancel) {
    const auto& network = engine_->network();
    try {
      return network.forward(engine_->devices(), workspace, View<const Segment>(segments_), tokens_, cancel);
    } catch (const NumericError& error) {  // of whom? Rows do not depend on each other
      if (entries_.size() == 1) {
        refuse(0, error);
        throw;
      }
      std::size_t row = 0;
      for (std::size_t i = 0; i < entries_.size(); row += entries_[i++].rows) {
        const View<const TokenId> tokens = View<const TokenId>(tokens_).subview(row, entries_[i].rows);
        try {
          network.forward(engine_->devices(), workspace, View<const Segment>(&segments_[i], 1), tokens);
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
  std::vector<Entry> entries_;
  std::vector<Segment> segments_;  ///< the entries for the network
  std::vector<TokenId> tokens_;    ///< theirs
};

}  // namespace asterism::engine
