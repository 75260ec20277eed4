// Help for tests that hold the answers of a batch against those of sessions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/batch.hpp"
#include "asterism/generate/session.hpp"

namespace asterism::test {

inline GenerateOptions greedy(std::int32_t max_tokens) {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.stop_at_eos = false;
  return options;
}

/// At a temperature that shows any difference of the logits.
inline GenerateOptions sampled(std::int32_t max_tokens) {
  GenerateOptions options = greedy(max_tokens);
  options.temperature = 5;
  options.top_k = 100;
  return options;
}

struct Answer {
  std::vector<TokenId> tokens;
  std::string text;
  FinishReason reason = FinishReason::none;
  Usage usage{};
};

/// What a fresh session answers to a raw prompt.
template <class B>
Answer alone(const LanguageModel<B>& model, const std::string& prompt, const GenerateOptions& options,
             std::uint64_t seed) {
  auto session = model.session({.seed = seed});
  Answer out;
  for (const std::string_view piece : session.generate(prompt, options)) out.text += piece;
  out.reason = session.last().finish_reason;
  out.usage = session.last().usage;
  const View<const TokenId> all = session.tokens();
  out.tokens.assign(all.begin() + out.usage.prompt_tokens, all.end());
  return out;
}

/// All but what was reused, which a fresh session has nothing of.
inline void check_same(const BatchAnswer& found, const Answer& expected) {
  CHECK(found.tokens == expected.tokens);
  CHECK(found.text == expected.text);
  CHECK(found.stats.finish_reason == expected.reason);
  CHECK(found.stats.usage.prompt_tokens == expected.usage.prompt_tokens);
  CHECK(found.stats.usage.completion_tokens == expected.usage.completion_tokens);
}

}  // namespace asterism::test
