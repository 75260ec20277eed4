// Bodies of interpolate.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "asterism/librarian/interpolate.hpp"
#include "asterism/linalg/softmax.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::librarian {

ASTERISM_INLINE bool has_softmax(View<const float> scores) {
  return std::none_of(scores.begin(), scores.end(), [](float x) { return quant::not_finite(x); });
}

ASTERISM_INLINE bool has_direction(View<const float> vector) {
  return has_softmax(vector) && std::any_of(vector.begin(), vector.end(), [](float x) { return x != 0; });
}

ASTERISM_INLINE void interpolate(View<float> scores, View<const Probability> p, double share) {
  if (share == 0 || p.empty() || scores.empty() || !has_softmax(scores)) return;
  const double total = linalg::log_sum_exp(scores);
  const double rest = std::log1p(-share);
  for (float& score : scores) score = static_cast<float>(static_cast<double>(score) - total + rest);
  for (const Probability& one : p) {
    if (one.value <= 0) continue;
    const auto model = static_cast<double>(scores[one.at]);
    const double memory = std::log(share) + std::log(one.value);
    const double most = std::max(model, memory);
    scores[one.at] = static_cast<float>(most + std::log1p(std::exp(std::min(model, memory) - most)));
  }
}

}  // namespace asterism::librarian
