// How far predictions can be trusted, and how many parts that is worth.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/fwd.hpp"

namespace asterism::prefetch {

/// The greatest of some shares that sum to at most 1, and their entropy -sum p ln p in nats.
struct Sharpness {
  float greatest = 0;
  float entropy = 0;
};
Sharpness sharpness(View<const float> shares);

/// 0.7 * greatest / (1 + entropy) + 0.3 * accuracy, in [0, 1]: 1 for a prediction of one part that was always right.
/// `greatest` and `entropy` are means over the rows of a prediction, `accuracy` in [0, 1] is that of the past.
constexpr float confidence(const Sharpness& mean, float accuracy) {
  return 0.7F * mean.greatest / (1 + mean.entropy) + 0.3F * accuracy;
}

/// Parts to copy ahead at a confidence: none below 0.5, else max_concurrent * confidence * 0.7, rounded down.
constexpr std::int32_t parts_to_copy(std::int32_t max_concurrent, float confidence) {
  return confidence >= 0.5F ? static_cast<std::int32_t>(static_cast<float>(max_concurrent) * confidence * 0.7F)
                            : 0;
}

/// The confidence of a run of predictions: means over about the last 32 of them. Does not allocate.
class Confidence {
 public:
  /// A prediction was made, with these shares; without any it does not count.
  void predicted(View<const float> shares);
  /// How much of it was right, in [0, 1], see `accuracy`.
  void came_true(float accuracy);

  /// In [0, 1]; 0 before anything was predicted.
  float value() const { return confidence(mean_, accuracy_); }

 private:
  Sharpness mean_;
  float accuracy_ = 0;
  std::uint32_t predicted_ = 0;
  std::uint32_t true_ = 0;
};

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/confidence_impl.hpp"
#endif
