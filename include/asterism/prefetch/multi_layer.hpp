// The experts of the four layers before, by number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/rank.hpp"
#include "asterism/prefetch/recent.hpp"

namespace asterism::prefetch {

/// Predicts for group L the mean of the shares in the groups L - 1 to L - 4, weighted with 0.4, 0.3, 0.2 and 0.1; those
/// that were not observed in this pass are left out, and the weights of the others divided by their sum.
class MultiLayer {
 public:
  static constexpr bool keeps_sequences_apart = true;
  static constexpr float weights[] = {0.4F, 0.3F, 0.2F, 0.1F};

  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit MultiLayer(const Extent& extent);

  void observe(const Routing& routing) { recent_.observe(routing); }
  std::size_t predict(std::int32_t group, View<Prediction> out) { return rank(group, shares(group), out); }
  /// All that is predicted: (members), or empty. Valid until the next call.
  View<const float> shares(std::int32_t group);

 private:
  Recent recent_;
  std::vector<float> mean_;  ///< (members)
};

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/multi_layer_impl.hpp"
#endif
