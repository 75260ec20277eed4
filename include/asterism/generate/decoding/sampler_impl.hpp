// Bodies of sampler.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/decoding/sampler.hpp"

namespace asterism::generate {

namespace detail {

inline constexpr const char* no_token_left =
    "no token is left to draw: min_new_tokens forbids the end tokens, and there are no others";

/// A type rather than a function, so that sorting inlines it.
struct Better {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
  }
};

}  // namespace detail

ASTERISM_INLINE Sampler::Sampler(std::size_t vocabulary) : counts_(vocabulary, 0) {
  candidates_.reserve(vocabulary);
}

ASTERISM_INLINE void Sampler::check(const GenerateOptions& options) {
  const auto require = [](bool holds, const char* name, const char* range, double found) {
    if (!holds) throw InvalidArgument(concat("GenerateOptions::", name, " is ", found, ", expected ", range));
  };
  require(options.temperature >= 0 && options.temperature <= 1e6F, "temperature", "0 to 1e6", options.temperature);
  require(options.top_k >= 0, "top_k", "0 or more", options.top_k);
  require(options.top_p > 0 && options.top_p <= 1, "top_p", "more than 0, at most 1", options.top_p);
  require(options.min_p >= 0 && options.min_p <= 1, "min_p", "0 to 1", options.min_p);
  require(options.repetition_penalty >= 1e-6F && options.repetition_penalty <= 1e6F, "repetition_penalty",
          "1e-6 to 1e6", options.repetition_penalty);
  require(options.presence_penalty >= -2 && options.presence_penalty <= 2, "presence_penalty", "-2 to 2",
          options.presence_penalty);
  require(options.frequency_penalty >= -2 && options.frequency_penalty <= 2, "frequency_penalty", "-2 to 2",
          options.frequency_penalty);
  for (const LogitBias& one : options.logit_bias) {
    require(one.id >= 0, "logit_bias of a token", "an id of 0 or more", one.id);
    require(one.bias >= -100 && one.bias <= 100, "logit_bias", "-100 to 100", one.bias);
  }
  require(options.max_tokens >= 1, "max_tokens", "1 or more", options.max_tokens);
  require(options.min_new_tokens >= 0 && options.min_new_tokens <= options.max_tokens, "min_new_tokens",
          "0 to max_tokens", options.min_new_tokens);
  if (options.exponential_decay_length_penalty) {
    const LengthDecay& decay = *options.exponential_decay_length_penalty;
    require(decay.start >= 0, "exponential_decay_length_penalty's start", "0 or more", decay.start);
    require(decay.factor >= 1 && decay.factor <= 1e6F, "exponential_decay_length_penalty's factor", "1 to 1e6",
            decay.factor);
  }
  require(!options.top_logprobs || (*options.top_logprobs >= 0 && *options.top_logprobs <= 20), "top_logprobs",
          "0 to 20", options.top_logprobs.value_or(0));
  if (options.prompt_logprobs && !options.top_logprobs) {
    throw InvalidArgument("GenerateOptions::prompt_logprobs needs top_logprobs, which may be 0");
  }
  require(options.near_limit_share > 0 && options.near_limit_share <= 1, "near_limit_share",
          "more than 0, at most 1", options.near_limit_share);
  for (const std::string& stop : options.stop) {
    if (stop.empty())
      throw InvalidArgument("GenerateOptions::stop has an empty text, which would end every answer");
  }
}

ASTERISM_INLINE void Sampler::check(const GenerateOptions& options, std::size_t vocabulary) {
  check(options);
  for (const LogitBias& one : options.logit_bias) {
    if (static_cast<std::size_t>(one.id) < vocabulary) continue;
    throw InvalidArgument(concat("GenerateOptions::logit_bias has the token ", one.id,
                                 ", outside the vocabulary of ", vocabulary, " entries"));
  }
}

ASTERISM_INLINE View<const Candidate> Sampler::filter(View<float> logits, View<const TokenId> history,
                                                      const GenerateOptions& options, const AnswerSoFar& answer) {
  adjust(logits, history, options, answer);
  const float temperature = options.temperature > 0 ? options.temperature : 1.0F;
  const float best = *std::max_element(logits.begin(), logits.end());
  candidates_.clear();
  const auto top_k = static_cast<std::size_t>(options.top_k);
  float least = -std::numeric_limits<float>::infinity();
  std::size_t many = 4 * top_k;
  for (std::size_t i = 0; i < logits.size; ++i) {
    const float logit = logits[i];
    if (logit < least || logit == -std::numeric_limits<float>::infinity()) continue;
    const float score = (logits[i] - best) / temperature;  // relative to the best one, to prevent overflow
    candidates_.push_back({static_cast<TokenId>(i), logit, score, 0});
    if (top_k == 0 || candidates_.size() < many) continue;
    least = keep_top_k(top_k);  // from time to time, to keep the list short
    many = 4 * candidates_.size();
  }
  if (candidates_.empty()) throw NumericError(detail::no_token_left);
  keep_top_k(top_k);
  std::sort(candidates_.begin(), candidates_.end(), detail::Better{});
  normalise();
  if (options.top_p < 1) {
    keep_top_p(options.top_p);
    normalise();
  }
  if (options.min_p > 0) {
    const float threshold = options.min_p * candidates_.front().probability;
    const auto dropped = [threshold](const Candidate& c) { return c.probability < threshold; };
    candidates_.erase(std::find_if(candidates_.begin() + 1, candidates_.end(), dropped), candidates_.end());
    normalise();
  }
  return candidates_;
}

ASTERISM_INLINE TokenId Sampler::choose(View<float> logits, View<const TokenId> history,
                                        const GenerateOptions& options, Random& random,
                                        const AnswerSoFar& answer) {
  if (options.temperature == 0) {
    adjust(logits, history, options, answer);
    std::size_t best = 0;
    for (std::size_t i = 1; i < logits.size; ++i) best = logits[i] > logits[best] ? i : best;
    if (logits[best] == -std::numeric_limits<float>::infinity()) throw NumericError(detail::no_token_left);
    return static_cast<TokenId>(best);
  }
  const View<const Candidate> left = filter(logits, history, options, answer);
  double rest = random.uniform();
  for (const Candidate& candidate : left) {
    rest -= static_cast<double>(candidate.probability);
    if (rest < 0) return candidate.id;
  }
  return left[left.size - 1].id;
}

ASTERISM_INLINE void Sampler::adjust(View<float> logits, View<const TokenId> history,
                                     const GenerateOptions& options, const AnswerSoFar& answer) {
  for (const LogitBias& one : options.logit_bias) logits[static_cast<std::size_t>(one.id)] += one.bias;
  penalise_repetition(logits, history, options.repetition_penalty);
  penalise_presence(logits, history.subview(history.size - answer.tokens, answer.tokens), options);
  for (std::size_t i = 0; i < logits.size; ++i) {
    if ((std::bit_cast<std::uint32_t>(logits[i]) & 0x7F800000U) == 0x7F800000U) {
      throw NumericError(concat("the logit of token ", i,
                                " is NaN or infinite: the model's weights or activations ",
                                "overflow; check the checkpoint"));
    }
  }
  const auto so_far = static_cast<std::int32_t>(answer.tokens);
  const auto for_each_end = [&](auto&& change) {
    for (const TokenId end : answer.end_tokens) {
      if (static_cast<std::size_t>(end) < logits.size) change(logits[static_cast<std::size_t>(end)]);
    }
  };
  if (so_far < options.min_new_tokens) {
    for_each_end([](float& logit) { logit = -std::numeric_limits<float>::infinity(); });
  } else if (options.exponential_decay_length_penalty) {
    const LengthDecay& decay = *options.exponential_decay_length_penalty;
    if (so_far <= decay.start) return;
    const double raised = std::pow(double{decay.factor}, so_far - decay.start) - 1;
    for_each_end([raised](float& logit) {
      const double sum = double{logit} + std::fabs(double{logit}) * raised;
      logit = static_cast<float>(std::min(sum, double{std::numeric_limits<float>::max()}));
    });
  }
}

ASTERISM_INLINE void Sampler::penalise_repetition(View<float> logits, View<const TokenId> history, float penalty) {
  if (penalty == 1) return;
  for (const TokenId id : history) {
    const auto i = static_cast<std::size_t>(id);
    if (counts_[i]++ > 0) continue;
    logits[i] = logits[i] < 0 ? logits[i] * penalty : logits[i] / penalty;
  }
  for (const TokenId id : history) counts_[static_cast<std::size_t>(id)] = 0;
}

ASTERISM_INLINE void Sampler::penalise_presence(View<float> logits, View<const TokenId> answer,
                                                const GenerateOptions& options) {
  if (options.presence_penalty == 0 && options.frequency_penalty == 0) return;
  for (const TokenId id : answer) ++counts_[static_cast<std::size_t>(id)];
  for (const TokenId id : answer) {
    const auto i = static_cast<std::size_t>(id);
    if (counts_[i] == 0) continue;
    logits[i] -= static_cast<float>(counts_[i]) * options.frequency_penalty + options.presence_penalty;
    counts_[i] = 0;
  }
}

ASTERISM_INLINE float Sampler::keep_top_k(std::size_t k) {
  if (k == 0 || k >= candidates_.size()) return -std::numeric_limits<float>::infinity();
  const auto kth = candidates_.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(candidates_.begin(), kth, candidates_.end(), detail::Better{});
  const float least = kth->logit;
  const auto kept = std::partition(candidates_.begin(), candidates_.end(),
                                   [least](const Candidate& c) { return c.logit >= least; });
  candidates_.erase(kept, candidates_.end());
  return least;
}

ASTERISM_INLINE void Sampler::keep_top_p(float p) {
  float tail = 0;
  std::size_t kept = candidates_.size();
  while (kept > 1) {
    tail += candidates_[kept - 1].probability;
    if (tail > 1 - p) break;
    --kept;
  }
  candidates_.resize(kept);
}

ASTERISM_INLINE void Sampler::normalise() {
  const float best = candidates_.front().score;
  double total = 0;
  for (const Candidate& c : candidates_) total += std::exp(static_cast<double>(c.score - best));
  for (Candidate& c : candidates_) {
    c.probability = static_cast<float>(std::exp(static_cast<double>(c.score - best)) / total);
  }
}

}  // namespace asterism::generate
