// What was said of each sequence's next group, before it comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"

namespace asterism::prefetch {

/// Remembers for each sequence the shares that are expected of the group behind the one observed last, the first group
/// behind the last. Takes sequences * members * 4 bytes. Allocates in the constructor only. Not thread-safe.
class NextGuess {
 public:
  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit NextGuess(const Extent& extent);

  /// `probabilities` (members) or, if there are none, `used` are expected of the group behind that of the routing.
  void observe(const Routing& routing, View<const float> probabilities, View<const std::int32_t> used);

  /// Shares (members) of the group for the sequence observed last; empty if it is not the next one, or nothing is
  /// known.
  View<const float> shares(std::int32_t group) const;

 private:
  Extent extent_;
  std::size_t sequence_ = 0;
  std::vector<float> shares_;         ///< (sequences, members)
  std::vector<std::int32_t> groups_;  ///< (sequences): whom they concern, -1 for none
};

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/next_guess_impl.hpp"
#endif
