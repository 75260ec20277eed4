// Log probabilities of tokens, by the model's own logits.
#pragma once

#include <cstddef>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"

namespace asterism {

/// A token and the natural logarithm of its probability.
struct TokenLogProbability {
  TokenId id = 0;
  float log_probability = 0;  ///< at most 0
};

/// How probable a token was, and what else might have stood there.
struct TokenScore {
  TokenId id = 0;
  float log_probability = 0;                ///< at most 0
  std::vector<TokenLogProbability> best{};  ///< the best ones, whether or not it is among them: ties by lower id
};

namespace generate {

/// The score of `id` by the softmax of logits (vocabulary), with the `count` best tokens, or all where there are fewer.
/// Throws NumericError unless all logits are finite.
TokenScore score_of(View<const float> logits, TokenId id, std::size_t count);

}  // namespace generate
}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/decoding/token_score_impl.hpp"
#endif
