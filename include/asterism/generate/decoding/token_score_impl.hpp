// Bodies of token_score.hpp.
#pragma once

#include <bit>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/decoding/token_score.hpp"
#include "asterism/linalg/softmax.hpp"

namespace asterism::generate {

ASTERISM_INLINE TokenScore score_of(View<const float> logits, TokenId id, std::size_t count) {
  TokenScore score{.id = id};
  for (std::size_t i = 0; i < logits.size; ++i) {
    const float logit = logits[i];
    if ((std::bit_cast<std::uint32_t>(logit) & 0x7F800000U) == 0x7F800000U) {
      throw NumericError(concat("the logit of token ", i, " is NaN or infinite: it has no probability"));
    }
    if (count == 0 || (score.best.size() == count && logit <= score.best.back().log_probability)) continue;
    if (score.best.size() == count) score.best.pop_back();
    auto place = score.best.end();
    while (place != score.best.begin() && (place - 1)->log_probability < logit) --place;
    score.best.insert(place, {static_cast<TokenId>(i), logit});
  }
  const double sum = linalg::log_sum_exp(logits);
  const auto of_logit = [sum](float logit) { return static_cast<float>(double{logit} - sum); };
  for (TokenLogProbability& one : score.best) one.log_probability = of_logit(one.log_probability);
  score.log_probability = of_logit(logits[static_cast<std::size_t>(id)]);
  return score;
}

}  // namespace asterism::generate
