// What each sequence used last in each group: what predictors of the next group look at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/concept.hpp"

namespace asterism::prefetch {

/// Remembers the routings of each sequence: shares and used members of each group, and which of them belong to the pass
/// that runs. Takes sequences * groups * members * 8 bytes, half of that without shares. Allocates in the constructor
/// only. Not thread-safe.
class Recent {
 public:
  /// Throws InvalidArgument if a number of the extent is below 1.
  explicit Recent(const Extent& extent, bool keeps_shares = true);

  const Extent& extent() const { return extent_; }
  bool has_group(std::int32_t group) const { return group >= 0 && group < extent_.groups; }
  /// The place of the sequence observed last, see `slot_of`; so is `sequence` below.
  std::size_t sequence() const { return sequence_; }

  /// Takes note of a routing; false, and nothing is noted, if its group does not exist.
  bool observe(const Routing& routing);

  /// Whether the sequence will come to the group later in the pass that runs, or, behind its last group, whether the
  /// group is the first.
  bool ahead(std::size_t sequence, std::int32_t group) const;

  /// Shares (members) that the sequence gave `back` >= 1 groups before `group`, in the pass that runs; empty if it has
  /// not been there, or if `group` is not ahead.
  View<const float> shares_before(std::size_t sequence, std::int32_t group, std::int32_t back) const;

  /// Members, ascending, that the sequence used just before it comes to `group`; before the first one, in the last
  /// group of the pass before. Empty if that was not observed, or if `group` is not ahead.
  View<const std::int32_t> used_before(std::size_t sequence, std::int32_t group) const;

  /// Members, ascending, that the sequence used in the group when it was there last, in whichever pass.
  View<const std::int32_t> used_last(std::size_t sequence, std::int32_t group) const;

 private:
  std::size_t place(std::size_t sequence, std::int32_t group) const {
    return sequence * static_cast<std::size_t>(extent_.groups) + static_cast<std::size_t>(group);
  }

  Extent extent_;
  bool keeps_shares_;
  std::size_t members_;
  std::size_t sequence_ = 0;
  std::vector<float> shares_;       ///< (sequences, groups, members)
  std::vector<std::int32_t> used_;  ///< (sequences, groups, members), the first used_count_ of them
  std::vector<std::size_t> used_count_;
  std::vector<std::uint64_t> seen_in_;  ///< (sequences, groups): the pass, 0 for none
  std::vector<std::uint64_t> pass_;     ///< (sequences)
  std::vector<std::int32_t> last_;      ///< (sequences): the group observed last, -1 for none
};

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/recent_impl.hpp"
#endif
