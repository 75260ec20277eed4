// Which experts follow which, learned online for each layer.
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

/// A logistic regression for each member of each group on what the sequence has used just before and what it used in
/// this group in its pass before, with a bias; one step of gradient descent an observation, from zero. The share of a
/// member is its probability of being used, divided by the sum over all members. The weights are of all sequences
/// together, what was used before is the sequence's own. Knows nothing of a group that was never used.
/// Takes groups * members * (2 members + 1) * 4 bytes besides what `Recent` takes.
class Learned {
 public:
  static constexpr float rate = 0.05F;  ///< of the descent

  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit Learned(const Extent& extent);

  void observe(const Routing& routing);
  std::size_t predict(std::int32_t group, View<Prediction> out) { return rank(group, shares(group), out); }
  /// All that is predicted: (members), or empty. Valid until the next call.
  View<const float> shares(std::int32_t group);

 private:
  /// Calls f(weights (members)) for the bias and for each input that is on for the sequence in the group.
  template <class F>
  void for_each_input(std::size_t sequence, std::int32_t group, const F& f);
  /// Fills uses_ with each member's probability of being used.
  void estimate(std::size_t sequence, std::int32_t group);

  Recent recent_;
  std::size_t members_;
  std::vector<float> weights_;       ///< (groups, 2 members + 1, members)
  std::vector<std::uint8_t> known_;  ///< (groups): whether it was ever used
  std::vector<float> uses_;          ///< (members)
};

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/learned_impl.hpp"
#endif
