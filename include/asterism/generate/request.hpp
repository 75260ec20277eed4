// One request on its way through a batch.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/answer_text.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/text/tokenizer.hpp"

namespace asterism {

/// What became of a request of a batch.
struct BatchAnswer {
  std::uint64_t id = 0;           ///< what `add` returned
  std::vector<TokenId> tokens{};  ///< the tokens of the answer, an end token included
  std::string text{};             ///< its text; empty where the checkpoint has no tokenizer
  GenerationStats outcome{};
};

namespace generate {

/// Prompt, options and draws of a request, and its answer as far as it has come.
struct Request {
  using Clock = std::chrono::steady_clock;

  BatchAnswer answer;
  std::vector<TokenId> prompt;
  bool continues_prompt = true;              ///< the text goes on where the prompt's ended
  std::unique_ptr<GenerateOptions> options;  ///< at a place that `text` may refer to
  Random random;
  Clock::time_point added;
  std::optional<AnswerText> text{};

  bool ended() const { return answer.outcome.finish_reason != FinishReason::none; }

  /// From now on `answer.text` grows with the tokens.
  void begin_text(const text::Tokenizer& tokenizer) {
    text.emplace(tokenizer, options->stop,
                 View<const TokenId>(prompt.data(), continues_prompt ? prompt.size() : 0));
  }

  /// Seconds of a pass that had tokens of it.
  void add_time(double seconds) {
    GenerationStats& outcome = answer.outcome;
    (outcome.usage.completion_tokens == 0 ? outcome.prefill_seconds : outcome.decode_seconds) += seconds;
  }

  /// One more token; `reason` says whether it is the last one, which a stop string may say too.
  void add_token(TokenId token, FinishReason reason) {
    answer.tokens.push_back(token);
    if (++answer.outcome.usage.completion_tokens == 1) {
      answer.outcome.seconds_to_first_token = std::chrono::duration<double>(Clock::now() - added).count();
    }
    if (text && reason != FinishReason::eos) answer.text += text->push(token);
    if (text && text->stopped()) reason = FinishReason::stop_string;
    if (reason != FinishReason::none) end(reason);
  }

  /// Ends the answer with what its tokens so far still hold.
  void end(FinishReason reason) {
    if (text && !text->stopped()) {
      answer.text += text->flush();
      if (text->stopped()) reason = FinishReason::stop_string;
    }
    if (text) answer.text += text->finish();
    answer.outcome.finish_reason = reason;
  }
};

}  // namespace generate
}  // namespace asterism
