// One conversation with a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/engine/step.hpp"
#include "asterism/generate/chosen_adapter.hpp"
#include "asterism/generate/decoding/answer.hpp"
#include "asterism/generate/decoding/decoding.hpp"
#include "asterism/generate/decoding/sampler.hpp"
#include "asterism/generate/decoding/text_stream.hpp"
#include "asterism/generate/decoding/token_score.hpp"
#include "asterism/generate/hooks.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/prompt.hpp"
#include "asterism/linalg/softmax.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism {

/// Caches, tokens and random state of one conversation. Prompts that begin like the conversation so far reuse what
/// has been computed. The constructor draws all memory; while an answer is generated, nothing is allocated after
/// its first token. Not thread-safe; the model must outlive it.
template <class B>
class Session {
 public:
  using Observer = typename B::Observer;

  /// Throws BudgetExceeded if the devices have no room for one more session; InvalidArgument for an adapter that is not
  /// known. The adapter is the one that has this name when an answer begins; it is leased for each pass.
  Session(const LanguageModel<B>& model, SessionOptions options, Hooks<B> hooks = {})
      : model_(&model),
        hooks_(hooks),
        sequence_(model.engine()),
        decoding_(model),
        adapter_(model, std::move(options.adapter)),
        random_(options.seed),
        answer_(std::make_unique<generate::Answer>()) {}

  /// The answer to a raw prompt as a range of pieces of text, computed while iterating. The tokenizer's special
  /// tokens (such as `<s>`) are put before the prompt, and the pieces continue its text, including a leading
  /// space. Pieces are never empty and never split a character; each is valid until the next one. After the range
  /// has ended, `last()` has the statistics.
  TextStream<Session> generate(std::string_view prompt, const GenerateOptions& options = {}) & {
    begin_answer(model_->prompt(prompt, options), options);
    answer_->begin_text(model_->tokenizer(), tokens());
    return TextStream<Session>(*this, use_);
  }

  /// The answer to a conversation in the checkpoint's chat template; the template defines the valid roles. Throws
  /// Unsupported if the toolkit does not know the template.
  TextStream<Session> chat(View<const text::Message> messages, const GenerateOptions& options = {}) & {
    begin_answer(model_->chat_prompt(messages, options), options);
    answer_->begin_text(model_->tokenizer(), {});
    return TextStream<Session>(*this, use_);
  }

  /// The answer to token ids as token ids, including an end token.
  std::vector<TokenId> generate_tokens(View<const TokenId> prompt, const GenerateOptions& options = {}) {
    begin_answer(model_->prompt(prompt, options), options);
    std::vector<TokenId> out;
    while (!answer_->ended()) {
      decode([&](TokenId token, std::string_view) { out.push_back(token); });
    }
    return out;
  }

  /// Calls f(position, logits) for the positions of tokens from `first` on, in order; logits (vocabulary), valid during
  /// the call, are the scores of the next token. The tokens become the conversation; a prefix before `first` that it
  /// already holds is not computed again, as far as caches and states go back. f must not run this session, nor others
  /// on these devices.
  template <class F>
  void visit_logits(View<const TokenId> tokens, F&& f, std::size_t first = 0) {
    visit_steps(tokens, first, [&](engine::Step<B>& step, std::size_t begin, std::size_t from) {
      step.run_all_rows(from, [&](std::size_t row, View<const float> logits) { f(begin + row, logits); });
    });
  }

  /// The same with f(position, hidden): hidden (hidden), valid during the call, is the token's state behind the last
  /// layer and the final norm, by which the head is multiplied for its logits.
  template <class F>
  void visit_hidden(View<const TokenId> tokens, F&& f, std::size_t first = 0) {
    visit_steps(tokens, first, [&](engine::Step<B>& step, std::size_t begin, std::size_t from) {
      step.run_hidden_rows(from, [&](std::size_t row, View<const float> hidden) { f(begin + row, hidden); });
    });
  }

  /// The states behind the last layer and the final norm, (tokens, hidden), row-major; see visit_hidden.
  std::vector<float> hidden(View<const TokenId> tokens) {
    std::vector<float> out;
    out.reserve(tokens.size * static_cast<std::size_t>(model_->shape().hidden));
    visit_hidden(tokens,
                 [&](std::size_t, View<const float> row) { out.insert(out.end(), row.begin(), row.end()); });
    return out;
  }
  /// The same of a raw text, with the special tokens that the tokenizer puts around it; `tokens()` has them. Throws
  /// InvalidArgument if they are none, or more than the context.
  std::vector<float> hidden(std::string_view text) {
    const generate::Prompt prompt = model_->prompt(text, {});
    return hidden(View<const TokenId>(prompt.tokens));
  }

  /// Logits (tokens, vocabulary), row-major.
  std::vector<float> logits(View<const TokenId> tokens) {
    std::vector<float> out;
    out.reserve(tokens.size * static_cast<std::size_t>(model_->shape().vocabulary));
    visit_logits(tokens,
                 [&](std::size_t, View<const float> row) { out.insert(out.end(), row.begin(), row.end()); });
    return out;
  }

  /// Natural logarithms of the probability of each token from tokens[first] on, given those before it: tokens.size
  /// - first values; first >= 1.
  std::vector<float> log_probabilities(View<const TokenId> tokens, std::size_t first = 1) {
    if (first < 1) throw InvalidArgument("the first token has no probability: nothing stands before it");
    std::vector<float> out;
    const auto keep = [&](std::size_t position, View<const float> row) {
      if (position + 1 == this->tokens().size) return;
      const auto next = static_cast<double>(row[static_cast<std::size_t>(this->tokens()[position + 1])]);
      out.push_back(static_cast<float>(next - linalg::log_sum_exp(row)));
    };
    visit_logits(tokens, keep, first - 1);
    return out;
  }

  /// Statistics of the last answer.
  const GenerationStats& last() const { return answer_->stats(); }
  /// With GenerateOptions::top_logprobs: of each token of the last answer.
  View<const TokenScore> scores() const { return answer_->scores(); }
  /// The conversation so far: the last prompt and its answer.
  View<const TokenId> tokens() const { return sequence_.tokens(); }
  /// The observer of the session; see Blueprint::Observer.
  const Observer& observer() const { return sequence_.observer(); }
  const LanguageModel<B>& model() const { return *model_; }
  /// Forgets the conversation but keeps the memory.
  void clear() {
    sequence_.clear();
    ++use_;
  }

  /// The next piece of text of the answer that is use `use` of this session, empty at its end; called by
  /// TextStream. Throws InvalidArgument if the session has been used for something else since.
  std::string_view next_piece(std::uint64_t use) {
    if (use != use_) {
      throw InvalidArgument("this answer was broken off: the session was cleared or has begun something else");
    }
    std::string_view piece;
    while (piece.empty() && !answer_->ended()) {
      decode([&](TokenId, std::string_view made_sure) { piece = made_sure; });
    }
    return piece.empty() ? answer_->next_held() : piece;
  }

 private:
  /// Makes `tokens` the conversation, and calls run(step, begin, from) for each step that computes some of them: of the
  /// tokens from `begin` on, the rows from `from` on are asked for.
  template <class Run>
  void visit_steps(View<const TokenId> tokens, std::size_t first, Run&& run) {
    sequence_.check(model_->engine(), tokens);
    adapter_.look_up();
    sequence_.begin(tokens, first, hooks_.scores, adapter_.number());
    ++use_;
    engine::Step<B> step(model_->engine());
    while (sequence_.pending() > 0) {
      [[maybe_unused]] const auto lease = adapter_.lease_for(sequence_);
      const std::size_t begin = sequence_.computed();
      step.clear();
      step.add(sequence_);
      run(step, begin, first > begin ? first - begin : 0);
    }
  }

  void begin_answer(const generate::Prompt& prompt, const GenerateOptions& options) {
    generate::Sampler::check(options, static_cast<std::size_t>(model_->shape().vocabulary));
    if (options.prompt_logprobs) {
      throw InvalidArgument("GenerateOptions::prompt_logprobs is for batches; a session has log_probabilities()");
    }
    sequence_.check(model_->engine(), prompt.tokens);
    adapter_.look_up();
    answer_->begin(options, random_, prompt);
    const std::size_t again =
        sequence_.begin(prompt.tokens, prompt.tokens.size() - 1, hooks_.scores, adapter_.number());
    ++use_;
    answer_->set_known(sequence_.computed(), again);
  }

  /// Runs one step of an answer that has not ended; calls chosen(token, piece) if it yields a token.
  template <class Chosen>
  void decode(Chosen&& chosen) {
    [[maybe_unused]] const auto lease = adapter_.lease_for(sequence_, answer_->options().cancel);
    decoding_.clear();
    decoding_.add(sequence_, *answer_, hooks_.logits);
    const auto rethrow = [](std::size_t, const NumericError&) {};
    const auto keep = [&](std::size_t, TokenId token, std::string_view piece) { chosen(token, piece); };
    if (!decoding_.run(keep, rethrow, answer_->options().cancel)) answer_->end(FinishReason::cancelled);
    random_ = answer_->random();
  }

  const LanguageModel<B>* model_;
  Hooks<B> hooks_;
  engine::Sequence<B> sequence_;
  generate::Decoding<B> decoding_;
  [[no_unique_address]] typename generate::AdaptersOf<B>::Chosen adapter_;
  Random random_;
  std::unique_ptr<generate::Answer> answer_;  ///< on the heap, so that a session can be moved
  std::uint64_t use_ = 0;  ///< counts the uses of the conversation: a stream belongs to one of them
};

}  // namespace asterism
