// The experts of the layer before, by number.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/prefetch/rank.hpp"
#include "asterism/prefetch/recent.hpp"

namespace asterism::prefetch {

/// Predicts for a group the shares that its members had in the group before: right where members of the same number do
/// related work, no better than chance elsewhere. Knows nothing of the first group, and of a group whose predecessor
/// has not been observed in this pass.
class PreviousLayer {
 public:
  static constexpr bool keeps_sequences_apart = true;

  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit PreviousLayer(const Extent& extent) : recent_(extent) {}

  void observe(const Routing& routing) { recent_.observe(routing); }
  std::size_t predict(std::int32_t group, View<Prediction> out) { return rank(group, shares(group), out); }
  /// All that is predicted: (members), or empty. Valid until the next call.
  View<const float> shares(std::int32_t group) { return recent_.shares_before(recent_.sequence(), group, 1); }

 private:
  Recent recent_;
};

}  // namespace asterism::prefetch
