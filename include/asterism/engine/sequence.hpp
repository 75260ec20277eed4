// The tokens of one sequence, and how many of them the caches hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/core/view.hpp"
#include "asterism/engine/engine.hpp"
#include "asterism/engine/sequence_number.hpp"
#include "asterism/model/adapter_slot.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::engine {

/// Tokens, key/value caches, observer and score hook of one sequence; a session owns one, a batch one per row. The
/// first `computed()` tokens are in the caches; the others are pending and pass through the network next. Not
/// thread-safe; must not be moved while a segment of it is in use.
template <class B>
class Sequence {
 public:
  using Observer = typename B::Observer;
  using Segment = typename model::Assembly<B>::Segment;
  using ScoreHook = HookPointer<typename B::ScoreHook>;
  /// One of the adapters of B::Adapters in memory; null: none. An empty object where B has none.
  using Adapter = model::AdapterPointer<typename B::Adapters>;

  /// Throws BudgetExceeded if the devices have no room for one more sequence.
  explicit Sequence(const Engine<B>& engine)
      : engine_(&engine),
        number_(engine.sequence_numbers()),
        caches_(engine.devices(), engine.plan(), engine.shape(), engine.limits()) {
    const Shape& shape = engine.shape();
    observer_.begin(shape.sparse_layers().size(), shape.experts, shape.top_k);
    tokens_.reserve(capacity());
  }

  /// Maximum number of tokens: the context, and one more, which is never computed.
  std::size_t capacity() const { return static_cast<std::size_t>(engine_->limits().context) + 1; }

  View<const TokenId> tokens() const { return tokens_; }
  std::size_t computed() const { return computed_; }
  std::size_t pending() const { return tokens_.size() - computed_; }
  const Observer& observer() const { return observer_; }
  Observer& observer() { return observer_; }

  /// Throws InvalidArgument unless the engine can compute `prompt`.
  static void check(const Engine<B>& engine, View<const TokenId> prompt) {
    if (prompt.empty()) throw InvalidArgument("the prompt has no tokens; give at least one");
    if (prompt.size > static_cast<std::size_t>(engine.limits().context)) {
      throw InvalidArgument(concat("the prompt has ", prompt.size, " tokens, the context holds ",
                                   engine.limits().context, ": shorten it or raise Limits::context"));
    }
    for (std::size_t i = 0; i < prompt.size; ++i) {
      if (prompt[i] >= 0 && prompt[i] < engine.shape().vocabulary) continue;
      throw InvalidArgument(concat("token ", i, " of the prompt has the id ", prompt[i],
                                   ", outside the vocabulary of ", engine.shape().vocabulary, " entries"));
    }
  }

  /// Length of the longest prefix of `tokens` that is in the caches, computed by `scores` as it is now, and with the
  /// adapter that `begin` was told by this number.
  std::size_t common_prefix(View<const TokenId> tokens, ScoreHook scores = {},
                            std::uint64_t adapter_number = 0) const {
    std::size_t common = 0;
    if (!computed_by(scores) || adapter_number != adapter_number_) return common;
    while (common < computed_ && common < tokens.size && tokens_[common] == tokens[common]) ++common;
    return common;
  }

  /// Makes `tokens`, which `check` accepts, the sequence. What the caches hold of the first `most` is not computed
  /// again, as far as they go back: with linear attention to the last position whose state was kept; nor are they of
  /// use where another score hook computed them, or another version of this one, or another adapter. Returns how many
  /// of these they do not go back to. `tokens` may alias the sequence itself. `adapter_number` tells the weights of one
  /// adapter from those of another, also under one name; 0: none.
  std::size_t begin(View<const TokenId> tokens, std::size_t most, ScoreHook scores = {},
                    std::uint64_t adapter_number = 0) {
    const std::size_t known = std::min(most, common_prefix(tokens, scores, adapter_number));
    scores_ = scores;
    adapter_number_ = adapter_number;
    if constexpr (is_hook<typename B::ScoreHook>) version_ = scores == nullptr ? 0 : scores->version();
    const std::vector<TokenId> copy(tokens.begin(), tokens.end());
    tokens_.assign(copy.begin(), copy.end());
    computed_ = caches_.trim(engine_->devices(), known);
    last_of_prompt_ = tokens_.empty() ? 0 : tokens_.size() - 1;
    keep_if_stop();
    return known - computed_;
  }

  /// Forgets everything but keeps the memory.
  void clear() {
    tokens_.clear();
    computed_ = caches_.trim(engine_->devices(), 0);
  }

  /// The adapter of the next passes, whose number `begin` was told; it has to stay in memory during each of them.
  void set_adapter(Adapter adapter) { adapter_ = adapter; }

  void append(TokenId token) { tokens_.push_back(token); }

  /// The next `rows` pending tokens for a pass, which can be repeated until `advance` is called.
  Segment segment(std::size_t rows) {
    return {.caches = &caches_,
            .observer = &observer_,
            .first = computed_,
            .rows = rows,
            .sequence = number_.value(),
            .scores = scores_,
            .adapter = adapter_};
  }
  View<const TokenId> next(std::size_t rows) const { return tokens().subview(computed_, rows); }
  void advance(std::size_t rows) {
    computed_ += rows;
    caches_.advance(computed_);
    keep_if_stop();
  }

  /// The most rows of one pass: states of layers with linear attention are kept before the last token of a prompt, so
  /// that its answer can be given again, and every `kept_every` tokens; a cache that prunes itself does so at positions
  /// that it names. A pass ends there.
  std::size_t rows_to_stop() const { return std::min(rows_to_kept_state(), caches_.rows_to_end(computed_)); }
  static constexpr std::size_t kept_every = 8192;

 private:
  bool computed_by([[maybe_unused]] ScoreHook scores) const {
    if constexpr (is_hook<typename B::ScoreHook>) {
      return scores == scores_ && (scores == nullptr || scores->version() == version_);
    } else {
      return true;
    }
  }

  std::size_t rows_to_kept_state() const {
    if (engine_->shape().linear_layers.empty()) return pending();
    const std::size_t next = (computed_ / kept_every + 1) * kept_every;
    const bool before_last = computed_ < last_of_prompt_ && last_of_prompt_ < next;
    return (before_last ? last_of_prompt_ : next) - computed_;
  }

  /// The state before the last token of a prompt stays until that of the next prompt.
  void keep_if_stop() {
    if (computed_ == 0) return;
    if (computed_ == last_of_prompt_ || computed_ % kept_every == 0) caches_.keep(computed_ == last_of_prompt_);
  }

  const Engine<B>* engine_;
  SequenceNumber number_;
  typename model::Assembly<B>::Caches caches_;
  Observer observer_{};
  std::vector<TokenId> tokens_;
  std::size_t computed_ = 0;
  std::size_t last_of_prompt_ = 0;
  [[no_unique_address]] ScoreHook scores_{};
  [[no_unique_address]] Adapter adapter_{};
  std::uint64_t version_ = 0;         ///< of scores_, when the tokens began
  std::uint64_t adapter_number_ = 0;  ///< of the adapter by which they are computed
};

}  // namespace asterism::engine
