// Which experts follow which, counted for each layer.
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

/// Counts for each group how often each member was used behind each member of the group before, the first group behind
/// the last one of the pass before. The share of a member is the mean, over the members used just before, of the part
/// of their counts that went to it, times a confidence of min(1, n / 1000), n the passes counted for that group. The
/// counts are of all sequences together, what was used before is the sequence's own. Takes groups * members^2 * 4 bytes
/// besides what `Recent` takes.
class Pattern {
 public:
  /// Passes through a group after which its counts are trusted fully.
  static constexpr std::uint32_t trusted = 1000;

  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit Pattern(const Extent& extent);

  void observe(const Routing& routing);
  std::size_t predict(std::int32_t group, View<Prediction> out) { return rank(group, shares(group), out); }
  /// All that is predicted: (members), or empty; their sum is the confidence. Valid until the next call.
  View<const float> shares(std::int32_t group);

  /// In [0, 1]; 0 for a group that does not exist.
  float confidence(std::int32_t group) const;

 private:
  std::uint32_t& count(std::int32_t group, std::int32_t from, std::int32_t to);

  Recent recent_;
  std::size_t members_;
  std::vector<std::uint32_t> counts_;  ///< (groups, members before, members)
  std::vector<std::uint32_t> from_;    ///< (groups, members before): the sum of their counts
  std::vector<std::uint32_t> passes_;  ///< (groups)
  std::vector<float> shares_;          ///< (members)
};

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/pattern_impl.hpp"
#endif
