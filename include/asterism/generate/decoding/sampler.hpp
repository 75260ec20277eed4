// Chooses the next token from logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/options.hpp"

namespace asterism::generate {

/// A token that has not been filtered out.
struct Candidate {
  TokenId id = 0;
  float logit = 0;        ///< after penalty: compared by top-k and ties
  float score = 0;        ///< at most 0: logit after penalty less the best one, over the temperature
  float probability = 0;  ///< among the remaining candidates
};

/// What a sampler knows of an answer besides its tokens.
struct AnswerSoFar {
  std::size_t tokens = 0;            ///< of the history: the last ones, which are the answer's
  View<const TokenId> end_tokens{};  ///< those that end an answer
};

/// Chooses tokens as Hugging Face's generate does, in its order and with its rules for ties, except that NaN and
/// infinite logits are an error and that the lowest id wins a tie that must be broken. Allocates only in its
/// constructor. Source: transformers, `generation/logits_process.py`; top-p: Holtzman et al., arXiv 1904.09751;
/// min-p: Nguyen et al., arXiv 2407.01082; repetition penalty: Keskar et al., arXiv 1909.05858; presence and frequency
/// penalty: OpenAI's API reference.
class Sampler {
 public:
  explicit Sampler(std::size_t vocabulary);

  /// Throws InvalidArgument naming the option that is out of range.
  static void check(const GenerateOptions& options);
  /// And where a biased token is none of the vocabulary.
  static void check(const GenerateOptions& options, std::size_t vocabulary);

  /// The tokens that survive all filters with their probabilities, which sum to 1; best first, ties by lower id.
  /// logits (vocabulary) are overwritten; history: the tokens subject to the repetition penalty, the answer's last. The
  /// view is valid until the next call. Throws NumericError if a logit is NaN or infinite, or no token is left.
  View<const Candidate> filter(View<float> logits, View<const TokenId> history, const GenerateOptions& options,
                               const AnswerSoFar& answer = {});

  /// The next token: the best one if temperature is 0, else a draw from `filter`.
  TokenId choose(View<float> logits, View<const TokenId> history, const GenerateOptions& options, Random& random,
                 const AnswerSoFar& answer = {});

 private:
  /// All that is done to logits before the temperature; what can't be drawn is minus infinity.
  void adjust(View<float> logits, View<const TokenId> history, const GenerateOptions& options,
              const AnswerSoFar& answer);
  void penalise_repetition(View<float> logits, View<const TokenId> history, float penalty);
  void penalise_presence(View<float> logits, View<const TokenId> answer, const GenerateOptions& options);
  /// Keeps the k best candidates and ties with the k-th; all if k is 0. Returns the smallest logit left.
  float keep_top_k(std::size_t k);
  /// Drops the tail: from the least probable upwards while the sum stays at or below 1 - p.
  void keep_top_p(float p);
  void normalise();

  std::vector<Candidate> candidates_;
  std::vector<std::int32_t> counts_;  ///< (vocabulary), zeros between calls
};

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/decoding/sampler_impl.hpp"
#endif
