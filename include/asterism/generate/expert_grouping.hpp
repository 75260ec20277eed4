// Which answers share a pass, so that together they use few experts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::generate {

/// An answer that waits for its next pass.
struct WaitingAnswer {
  std::size_t row = 0;      ///< of the batch
  View<const float> use{};  ///< how likely its next token uses each expert of each layer, in [0, 1]
};

/// Fills passes that have room for a part of the answers under way. The first to get a place is the one that was passed
/// over most often, then again and again the one whose expected experts overlap most with those expected of the pass so
/// far: the greatest sum of p u, p how likely it uses an expert, u = 1 - prod (1 - p) over those that have a place. As
/// answers use equally many, that adds the fewest experts. Nobody is passed over more than `most_passed_over` times in
/// turn: where the room of the passes to come would not do for those that have waited, they go first. A pass counts
/// when it was computed. Allocates only in its constructor and at the first pass. Not thread-safe.
class ExpertGrouping {
 public:
  static constexpr std::size_t most_passed_over = 8;

  /// `places` of a pass, at least 1. Throws InvalidArgument where `rows` are more than (most_passed_over + 1) times as
  /// many: some would have to wait for longer.
  ExpertGrouping(std::size_t rows, std::size_t places);

  std::size_t places() const { return places_; }
  /// A row's answer is a new one, which nobody has passed over.
  void begin(std::size_t row) { passed_over_[row] = 0; }

  /// The rows of the next pass, in the order in which they were chosen; all, as they stand, where there is room. An
  /// answer waits in each call until it has been computed. Rows are distinct, and all `use` of one size. Valid until
  /// the next call.
  View<const std::size_t> choose(View<const WaitingAnswer> waiting);
  /// The pass of the last choice was computed: those that were chosen begin to wait anew, the others were passed over.
  /// Without it, where the pass threw, nobody has waited for it or had it.
  void computed();

  /// How often a row's answer was passed over since its last pass.
  std::size_t passed_over(std::size_t row) const { return passed_over_[row]; }

 private:
  std::size_t slack(std::size_t row) const;
  std::size_t limit(View<const WaitingAnswer> waiting, std::size_t left) const;

  std::size_t places_;
  std::vector<std::size_t> passed_over_;  ///< (rows)
  std::vector<std::uint8_t> taken_;       ///< (waiting)
  std::vector<std::size_t> chosen_;
  std::vector<std::size_t> left_out_;  ///< rows that waited and were not chosen
  std::vector<float> expected_;        ///< (layers, experts): u
};

}  // namespace asterism::generate

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/expert_grouping_impl.hpp"
#endif
