// A request of a batch, with its answer so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/answer_sink.hpp"
#include "asterism/generate/chosen_adapter.hpp"
#include "asterism/generate/decoding/answer.hpp"
#include "asterism/generate/decoding/token_score.hpp"
#include "asterism/generate/hooks.hpp"
#include "asterism/generate/options.hpp"

namespace asterism {

/// The result of a request of a batch.
struct BatchAnswer {
  std::uint64_t id = 0;  ///< what `add` returned: 1 for the first request of a batch, 2 for the second ...
  std::vector<TokenId> tokens{};  ///< the tokens of the answer, including an end token
  std::string text{};             ///< its text; empty if the checkpoint has no tokenizer
  GenerationStats stats{};
  std::vector<TokenScore> scores{};         ///< (tokens) with GenerateOptions::top_logprobs
  std::vector<TokenScore> prompt_scores{};  ///< (prompt - 1) with GenerateOptions::prompt_logprobs
};

namespace generate {

/// A request in progress, with its answer so far.
template <class B>
struct BatchRequest {
  /// `name`: of an adapter; throws InvalidArgument for one that is not known.
  BatchRequest(const LanguageModel<B>& model, std::string name) : adapter(model, std::move(name)) {}

  generate::Answer state;
  BatchAnswer answer;
  std::vector<TokenId> prompt;
  bool continues_prompt = true;  ///< the text continues that of the prompt
  Hooks<B> hooks{};
  typename AdaptersOf<B>::Chosen adapter;
  AnswerSink* sink = nullptr;
  AnswerPart told{};  ///< by sizes alone: what the sink knows

  bool is_scored() const { return state.options().prompt_logprobs; }
  /// Tells the sink what is new.
  void tell() {
    if (sink == nullptr) return;
    const auto since = [](const auto& all, std::size_t known) { return all.subview(known, all.size - known); };
    const View<const TokenId> tokens(answer.tokens);
    const AnswerPart part{.tokens = since(tokens, told.tokens.size),
                          .scores = since(state.scores(), told.scores.size),
                          .prompt_scores = since(state.prompt_scores(), told.prompt_scores.size),
                          .text = std::string_view(answer.text).substr(told.text.size())};
    if (part.tokens.empty() && part.prompt_scores.empty() && part.text.empty()) return;
    told = {tokens, state.scores(), state.prompt_scores(), answer.text};
    sink->add(part);
  }

  void add(TokenId token, std::string_view piece) {
    answer.tokens.push_back(token);
    answer.text += piece;
    take_held();
  }
  void end(FinishReason reason) {
    state.end(reason);
    take_held();
  }
  void take_held() {
    if (!state.ended()) return;
    for (std::string_view piece = state.next_held(); !piece.empty(); piece = state.next_held())
      answer.text += piece;
  }
};

}  // namespace generate
}  // namespace asterism
