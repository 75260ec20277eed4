// What a router says of a pass: for all its rows together, and for those of each sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/residency/routed.hpp"

namespace asterism::constellation {

/// Told the sequences of a pass, it cuts what routers say of its rows: a cache hears of the pass, a prefetcher of each
/// sequence. Does not allocate unless it holds more sequences than ever before. Not thread-safe.
class PassRouting {
 public:
  explicit PassRouting(std::int32_t experts);

  /// The next pass begins; then `add` for each of its sequences, in the order of their rows.
  void clear() { sequences_.clear(); }
  void add(std::int32_t sequence, std::size_t rows) { sequences_.push_back({sequence, rows}); }
  std::size_t sequences() const { return sequences_.size(); }

  /// `offsets` (1, experts + 1) of the groups, the router's probabilities (n, experts), those of the next layer's
  /// router or no rows, and, where there are several sequences, the routes (n, top_k); else they may have no rows.
  /// Valid until the next call.
  residency::Routed of(std::int32_t group, prefetch::Phase phase, MatrixView<const std::int32_t> offsets,
                       MatrixView<const float> probabilities, MatrixView<const float> next,
                       MatrixView<const gating::Route> routes);

 private:
  struct Rows {
    std::int32_t sequence = 0;
    std::size_t rows = 0;
  };
  /// Experts that rows use, and for each the greatest probabilities of them.
  struct Use {
    std::vector<std::int32_t> used;
    std::vector<float> probabilities;
    std::vector<float> next;

    explicit Use(std::size_t experts);
  };

  std::size_t experts_;
  std::vector<Rows> sequences_;
  Use all_;
  std::vector<Use> each_;                ///< by sequence, where there are several
  std::vector<prefetch::Routing> told_;  ///< by sequence
};

}  // namespace asterism::constellation

#if !defined(ASTERISM_COMPILED)
#include "asterism/constellation/pass_routing_impl.hpp"
#endif
