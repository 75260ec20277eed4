// Receives one request's answer while it is made.
#pragma once

#include <string>
#include <string_view>

#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/decoding/token_score.hpp"
#include "asterism/generate/options.hpp"

namespace asterism {

/// What a pass added to an answer; views are valid during the call.
struct AnswerPart {
  View<const TokenId> tokens{};            ///< chosen ones, including an end token
  View<const TokenScore> scores{};         ///< with GenerateOptions::top_logprobs: of each of these
  View<const TokenScore> prompt_scores{};  ///< with GenerateOptions::prompt_logprobs: of tokens of the prompt
  std::string_view text{};                 ///< what became certain: whole characters, possibly of earlier tokens
};

/// How an answer ended.
struct AnswerEnd {
  GenerationStats stats{};
  double waited_seconds = 0;  ///< for a row, from `submit` on; with a Scheduler
  bool timed_out = false;     ///< cancelled because it, or its wait for a row, took too long
  std::string error{};        ///< why it failed; empty unless it did
};

/// Told by a batch between its passes, by the thread that steps it: `add` after each pass that added something, then
/// `end`, once. Members must not block, nor throw, nor use the batch.
class AnswerSink {
 public:
  AnswerSink() = default;
  AnswerSink(const AnswerSink&) = delete;
  AnswerSink& operator=(const AnswerSink&) = delete;
  virtual ~AnswerSink() = default;

  virtual void add(const AnswerPart& part) = 0;
  virtual void end(const AnswerEnd& end) = 0;
};

}  // namespace asterism
