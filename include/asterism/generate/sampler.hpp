// From logits to the next token.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/options.hpp"

namespace asterism::generate {

/// A token that may still be chosen.
struct Candidate {
  TokenId id = 0;
  float score = 0;        ///< at most 0: logit after penalty less the best one, over the temperature
  float probability = 0;  ///< among the candidates that are left
};

/// Chooses tokens as Hugging Face's generate does, in its order and with its rules for ties, but that NaN and
/// infinite logits are an error and that of equal logits the lowest id wins where one must. Allocates in its
/// constructor alone. Source: transformers, `generation/logits_process.py`; top-p: Holtzman et al., arXiv
/// 1904.09751; min-p: Nguyen et al., arXiv 2407.01082; repetition penalty: Keskar et al., arXiv 1909.05858.
class Sampler {
 public:
  explicit Sampler(std::size_t vocabulary) : seen_(vocabulary, false) { candidates_.reserve(vocabulary); }

  /// Throws InvalidArgument naming the option that is outside its range.
  static void check(const GenerateOptions& options) {
    const auto require = [](bool holds, const char* name, const char* range, double found) {
      if (!holds) throw InvalidArgument(concat("GenerateOptions::", name, " is ", found, ", expected ", range));
    };
    require(options.temperature >= 0 && options.temperature <= 1e6F, "temperature", "0 to 1e6",
            options.temperature);
    require(options.top_k >= 0, "top_k", "0 or more", options.top_k);
    require(options.top_p > 0 && options.top_p <= 1, "top_p", "more than 0, at most 1", options.top_p);
    require(options.min_p >= 0 && options.min_p <= 1, "min_p", "0 to 1", options.min_p);
    require(options.repetition_penalty >= 1e-6F && options.repetition_penalty <= 1e6F, "repetition_penalty",
            "1e-6 to 1e6", options.repetition_penalty);
    require(options.max_tokens >= 1, "max_tokens", "1 or more", options.max_tokens);
    for (const std::string& stop : options.stop) {
      if (stop.empty())
        throw InvalidArgument("GenerateOptions::stop has an empty text, which would end every answer");
    }
  }

  /// The tokens that survive all filters with their probabilities, which sum to 1; best first, of equal scores the
  /// lower id first. logits (vocabulary) are overwritten; history: the tokens that the penalty falls on. The view
  /// is valid until the next call. Throws NumericError where a logit is NaN or infinite.
  View<const Candidate> filter(View<float> logits, View<const TokenId> history, const GenerateOptions& options) {
    penalise(logits, history, options.repetition_penalty);
    const float temperature = options.temperature > 0 ? options.temperature : 1.0F;
    const float best = *std::max_element(logits.begin(), logits.end());
    candidates_.clear();
    const auto top_k = static_cast<std::size_t>(options.top_k);
    float least = -std::numeric_limits<float>::infinity();
    std::size_t many = 4 * top_k;
    for (std::size_t i = 0; i < logits.size; ++i) {
      const float score = (logits[i] - best) / temperature;  // from the best one: nothing overflows
      if (score < least) continue;
      candidates_.push_back({static_cast<TokenId>(i), score, 0});
      if (top_k == 0 || candidates_.size() < many) continue;
      least = keep_top_k(top_k);  // now and then, so that few are kept until the end
      many = 4 * candidates_.size();
    }
    keep_top_k(top_k);
    std::sort(candidates_.begin(), candidates_.end(), Better{});
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

  /// The next token: the best one where temperature is 0, else a draw from `filter`.
  TokenId choose(View<float> logits, View<const TokenId> history, const GenerateOptions& options, Random& random) {
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

 private:
  /// A type of its own, not a function, so that sorting is inlined.
  struct Better {
    bool operator()(const Candidate& a, const Candidate& b) const {
      return a.score > b.score || (a.score == b.score && a.id < b.id);
    }
  };

  void penalise(View<float> logits, View<const TokenId> history, float penalty) {
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

  /// Drops what is worse than the k best, which are all where k is 0; ties stay. Returns the least score that is left.
  float keep_top_k(std::size_t k) {
    if (k == 0 || k >= candidates_.size()) return -std::numeric_limits<float>::infinity();
    const auto kth = candidates_.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(candidates_.begin(), kth, candidates_.end(), Better{});
    const float least = kth->score;
    const auto kept = std::partition(candidates_.begin(), candidates_.end(),
                                     [least](const Candidate& c) { return c.score >= least; });
    candidates_.erase(kept, candidates_.end());
    return least;
  }

  /// Drops the tail: from the least probable upwards while the sum stays at or below 1 - p.
  void keep_top_p(float p) {
    float tail = 0;
    std::size_t kept = candidates_.size();
    while (kept > 1) {
      tail += candidates_[kept - 1].probability;
      if (tail > 1 - p) break;
      --kept;
    }
    candidates_.resize(kept);
  }

  void normalise() {
    const float best = candidates_.front().score;
    double total = 0;
    for (const Candidate& c : candidates_) total += std::exp(static_cast<double>(c.score - best));
    for (Candidate& c : candidates_) {
      c.probability = static_cast<float>(std::exp(static_cast<double>(c.score - best)) / total);
    }
  }

  std::vector<Candidate> candidates_;
  std::vector<bool> seen_;
};

}  // namespace asterism::generate
