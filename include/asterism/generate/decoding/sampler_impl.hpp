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

/// A type rather than a function, so that sorting inlines it.
struct Better {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
  }
};

}  // namespace detail

ASTERISM_INLINE Sampler::Sampler(std::size_t vocabulary) : seen_(vocabulary, false) {
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
  require(options.max_tokens >= 1, "max_tokens", "1 or more", options.max_tokens);
  require(options.near_limit_share > 0 && options.near_limit_share <= 1, "near_limit_share",
          "more than 0, at most 1", options.near_limit_share);
  for (const std::string& stop : options.stop) {
    if (stop.empty())
      throw InvalidArgument("GenerateOptions::stop has an empty text, which would end every answer");
  }
}

ASTERISM_INLINE View<const Candidate> Sampler::filter(View<float> logits, View<const TokenId> history,
                                                      const GenerateOptions& options) {
  penalise(logits, history, options.repetition_penalty);
  const float temperature = options.temperature > 0 ? options.temperature : 1.0F;
  const float best = *std::max_element(logits.begin(), logits.end());
  candidates_.clear();
  const auto top_k = static_cast<std::size_t>(options.top_k);
  float least = -std::numeric_limits<float>::infinity();
  std::size_t many = 4 * top_k;
  for (std::size_t i = 0; i < logits.size; ++i) {
    const float logit = logits[i];
    if (logit < least) continue;
    const float score = (logits[i] - best) / temperature;  // relative to the best one, to prevent overflow
    candidates_.push_back({static_cast<TokenId>(i), logit, score, 0});
    if (top_k == 0 || candidates_.size() < many) continue;
    least = keep_top_k(top_k);  // from time to time, to keep the list short
    many = 4 * candidates_.size();
  }
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
                                        const GenerateOptions& options, Random& random) {
  if (options.temperature == 0) {
    penalise(logits, history, options.repetition_penalty);
    std::size_t best = 0;
    for (std::size_t i = 1; i < logits.size; ++i) best = logits[i] > logits[best] ? i : best;
    return static_cast<TokenId>(best);
  }
  const View<const Candidate> left = filter(logits, history, options);
  double rest = random.uniform();
  for (const Candidate& candidate : left) {
    rest -= static_cast<double>(candidate.probability);
    if (rest < 0) return candidate.id;
  }
  return left[left.size - 1].id;
}

ASTERISM_INLINE void Sampler::penalise(View<float> logits, View<const TokenId> history, float penalty) {
  if (penalty != 1) {
    for (const TokenId id : history) {
      const auto i = static_cast<std::size_t>(id);
      if (seen_[i]) continue;
      seen_[i] = true;
      logits[i] = logits[i] < 0 ? logits[i] * penalty : logits[i] / penalty;
    }
    for (const TokenId id : history) seen_[static_cast<std::size_t>(id)] = false;
  }
  for (std::size_t i = 0; i < logits.size; ++i) {
    if ((std::bit_cast<std::uint32_t>(logits[i]) & 0x7F800000U) == 0x7F800000U) {
      throw NumericError(concat("the logit of token ", i,
                                " is NaN or infinite: the model's weights or activations ",
                                "overflow; check the checkpoint"));
    }
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
