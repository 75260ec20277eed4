// Bodies of confidence.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "asterism/prefetch/confidence.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE Sharpness sharpness(View<const float> shares) {
  Sharpness found;
  for (const float share : shares) {
    if (!(share > 0)) continue;
    found.greatest = std::max(found.greatest, share);
    found.entropy -= share * std::log(share);
  }
  return found;
}

ASTERISM_INLINE void Confidence::predicted(View<const float> shares) {
  if (shares.empty()) return;
  predicted_ = std::min(predicted_ + 1, std::uint32_t{32});
  const Sharpness found = sharpness(shares);
  const float part = 1 / static_cast<float>(predicted_);
  mean_.greatest += part * (found.greatest - mean_.greatest);
  mean_.entropy += part * (found.entropy - mean_.entropy);
}

ASTERISM_INLINE void Confidence::came_true(float accuracy) {
  true_ = std::min(true_ + 1, std::uint32_t{32});
  accuracy_ += (accuracy - accuracy_) / static_cast<float>(true_);
}

}  // namespace asterism::prefetch
