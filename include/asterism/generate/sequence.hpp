// The tokens of one sequence, and how far the caches know them.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// What a session has once and a batch once for each row. The first `computed()` tokens are in the caches; the
/// others are pending and pass through the network next. For one thread at a time; not to be moved while a segment
/// of it is in use.
template <class B>
class Sequence {
 public:
  using Observer = typename B::Observer;
  using Segment = typename model::Assembly<B>::Segment;

  /// Throws BudgetExceeded where the devices have no room for one more sequence.
  explicit Sequence(const LanguageModel<B>& model)
      : model_(&model),
        caches_(model.devices(), model.plan(), model.shape(), model.limits()),
        observer_(make_observer(model.shape())) {
    tokens_.reserve(static_cast<std::size_t>(model.limits().context) + 1);
  }

  View<const TokenId> tokens() const { return tokens_; }
  std::size_t computed() const { return computed_; }
  std::size_t pending() const { return tokens_.size() - computed_; }
  const Observer& observer() const { return observer_; }
  Observer& observer() { return observer_; }

  /// Throws InvalidArgument unless `prompt` is one that the model can compute.
  static void check(const LanguageModel<B>& model, View<const TokenId> prompt) {
    if (prompt.empty()) throw InvalidArgument("the prompt has no tokens; give at least one");
    if (prompt.size > static_cast<std::size_t>(model.limits().context)) {
      throw InvalidArgument(concat("the prompt has ", prompt.size, " tokens, the context holds ",
                                   model.limits().context, ": shorten it or raise Limits::context"));
    }
    for (std::size_t i = 0; i < prompt.size; ++i) {
      if (prompt[i] >= 0 && prompt[i] < model.shape().vocabulary) continue;
      throw InvalidArgument(concat("token ", i, " of the prompt has the id ", prompt[i],
                                   ", outside the vocabulary of ", model.shape().vocabulary, " entries"));
    }
  }

  /// How many tokens the caches know of those that `tokens` begins with.
  std::size_t common_prefix(View<const TokenId> tokens) const {
    std::size_t common = 0;
    while (common < computed_ && common < tokens.size && tokens_[common] == tokens[common]) ++common;
    return common;
  }

  /// `tokens`, which `check` accepts, become the sequence. What the caches know of their first `most` is not
  /// computed again. `tokens` may be the sequence itself.
  void begin(View<const TokenId> tokens, std::size_t most) {
    const std::size_t known = std::min(most, common_prefix(tokens));
    const std::vector<TokenId> copy(tokens.begin(), tokens.end());
    tokens_.assign(copy.begin(), copy.end());
    computed_ = caches_.trim(known);
  }

  /// Forgets everything, keeps the memory.
  void clear() {
    tokens_.clear();
    computed_ = caches_.trim(0);
  }

  void append(TokenId token) { tokens_.push_back(token); }

  /// The next `rows` pending tokens for a pass. Until `advance`, the pass can be made again.
  Segment segment(std::size_t rows) {
    return {.caches = &caches_, .observer = &observer_, .first = computed_, .rows = rows};
  }
  View<const TokenId> next(std::size_t rows) const { return tokens().subview(computed_, rows); }
  void advance(std::size_t rows) { computed_ += rows; }

  /// Makes the last token pending again, where an exception kept its logits from being used.
  void repeat_last() {
    if (pending() == 0) computed_ = caches_.trim(computed_ - 1);
  }

  /// Whether an answer ends with its token number `count`, the last of the sequence, and why.
  FinishReason finish_reason(std::int32_t count, const GenerateOptions& options) const {
    const std::vector<TokenId>& ends = model_->end_tokens();
    if (options.stop_at_eos && std::ranges::find(ends, tokens_.back()) != ends.end()) return FinishReason::eos;
    if (count == options.max_tokens) return FinishReason::max_tokens;
    const bool full = tokens_.size() == static_cast<std::size_t>(model_->limits().context) + 1;
    return full ? FinishReason::context_full : FinishReason::none;
  }

 private:
  static Observer make_observer(const Shape& shape) {
    if constexpr (std::constructible_from<Observer, std::int32_t, std::int32_t, std::int32_t>) {
      return Observer(shape.layers, shape.experts, shape.top_k);
    } else if constexpr (std::constructible_from<Observer, std::int32_t, std::int32_t>) {
      return Observer(shape.layers, shape.experts);
    } else {
      return Observer();
    }
  }

  const LanguageModel<B>* model_;
  typename model::Assembly<B>::Caches caches_;
  Observer observer_;
  std::vector<TokenId> tokens_;
  std::size_t computed_ = 0;
};

}  // namespace asterism::generate
