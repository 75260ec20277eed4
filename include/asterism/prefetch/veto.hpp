// Whether a prediction is worth a copy.
#pragma once

#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/prefetch/fwd.hpp"

namespace asterism::prefetch {

struct VetoOptions {
  std::int32_t window = 64;    ///< 1 to 64: predictions whose outcome makes the precision
  std::int32_t silence = 256;  ///< >= window: predictions that are scored before the first copy
  float margin = 0.02F;        ///< >= 0: how much more a copy must be worth than what it evicts
  float stage_above = 0.15F;  ///< in [0, 1]: precision above which parts are staged where no part's value is known
  float piece = 0;            ///< in [0, 1]: the part of a copy that is finished before a more urgent one begins
};

/// Keeps prefetching from slowing a run down: it lets a predicted part be copied only if that pays on average.
///
/// Its measure is the precision of the predictions on parts that are not resident: of the last `window` of them, the
/// share that was used. Predictions are scored whether or not they are copied, so that what was silenced can speak
/// again, and nothing is copied before `silence` of them have been scored.
///
/// A copy of a part evicts another. It gains precision * min(1, T_l / T_c), since a part that takes longer than the
/// layer in whose shadow it is copied comes late by the rest, and loses (1 - precision) * value of the part evicted;
/// it has to gain `margin` more than it loses. At most min(top_k, floor(T_l / T_c) + 1) copies a layer find room in
/// the link's time. A cache that knows no values evicts nothing for a prediction: the part waits in a slot of its own,
/// while the precision is above `stage_above`.
///
/// A link that cannot drop a wrong copy at once makes the next layer wait for the piece under way: half of it on
/// average, or all that is left of it after T_l. That loss, in copies, is shared by the copies of a layer and counts
/// like a victim's value: (1 - precision) * max(piece - T_l / T_c, piece / 2) / most_copies().
///
/// It is handed numbers: it knows no cache, no link and no prefetcher. Does not allocate. Not thread-safe.
class Veto {
 public:
  /// top_k >= 1: parts that a layer uses; layer_seconds T_l >= 0 and copy_seconds T_c > 0: the time of a layer, and of
  /// one copy. Throws InvalidArgument for other numbers or options.
  Veto(std::int32_t top_k, double layer_seconds, double copy_seconds, VetoOptions options = {});

  /// Other times, where they become known later; what was scored counts on. Throws InvalidArgument as the constructor.
  void set_times(double layer_seconds, double copy_seconds);

  /// The outcome of a prediction: a part that was not resident when it was predicted was used by its layer, or not.
  void scored(bool used);

  /// In [0, 1]: the share of the last predictions that came true; 0 before the first.
  float precision() const;
  /// Whether enough has been scored.
  bool speaks() const { return scored_ >= options_.silence; }

  /// At most so many copies in the time of a layer: 1 to top_k.
  std::int32_t most_copies() const { return most_copies_; }
  /// Whether a copy that evicts a part of this value, in [0, 1], pays; 0 for one that evicts nothing.
  bool allows_copy(float value_of_victim) const;
  /// Whether a part is to be staged where no values are known.
  bool allows_staging() const;

 private:
  VetoOptions options_;
  std::int32_t top_k_;
  std::int32_t most_copies_ = 1;
  float in_time_ = 1;           ///< min(1, T_l / T_c)
  float in_the_way_ = 0;        ///< what a wrong copy costs the next layer, in copies
  std::uint64_t outcomes_ = 0;  ///< the last of them, newest in the lowest bit
  std::int32_t scored_ = 0;     ///< up to `silence`
};

}  // namespace asterism::prefetch

#if !defined(ASTERISM_COMPILED)
#include "asterism/prefetch/veto_impl.hpp"
#endif
