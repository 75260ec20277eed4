// The clock of a model whose experts are copied over one link while its layers compute.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/lab/fwd.hpp"

namespace asterism::lab {

/// How long things take.
struct StepTimes {
  double layer_seconds = 1;   ///< > 0: T_l, a layer of one pass with all that it needs at hand
  double copy_seconds = 1;    ///< > 0: T_c, one part over the link
  double expert_share = 0.5;  ///< in [0, 1]: the part of T_l that computes experts, divided among those used
  int pieces = 4;  ///< >= 1: of a copy; one that is under way is finished before anything else is copied
};

/// What a stretch of a layer's time goes to.
enum class Stretch : std::uint8_t {
  expert,  ///< a part is computed
  rest,    ///< the rest of the layer is computed
  wait,    ///< nothing is computed: a copy has not arrived
  copy     ///< a part that the layer lacks is copied
};

/// Simulated time, layer by layer. When a layer's router has spoken
///
/// - parts that are ready are computed at once, each other one when its copy has arrived, and when all are computed the
///   rest of the layer runs: (1 - expert_share) T_l;
/// - the link copies what the layer needs, one part after the other, in the order given; behind that it copies what is
///   queued for the next layer, until the next router speaks: then what is needed goes first, with what it lacks still,
///   after the piece that is under way, and the rest is dropped.
///
/// Nothing else takes time. Does not allocate after the first step. Not thread-safe.
class SimulatedTime {
 public:
  /// Throws InvalidArgument for times out of range.
  explicit SimulatedTime(const StepTimes& times);

  const StepTimes& times() const { return times_; }
  /// Seconds since the beginning, when the router of the layer speaks that comes next.
  double now() const { return now_; }

  /// When the copy queued as number `index` behind the last layer begins, unless the next router speaks before.
  double begin_of(std::size_t index) const {
    return link_free_ + static_cast<double>(index) * times_.copy_seconds;
  }

  /// The seconds that the copy queued as number `index` behind the last layer lacks now: 0 if it has arrived, T_c if it
  /// has not begun.
  double lacking(std::size_t index) const;

  /// The seconds until the piece ends of the copy queued as number `index` that is under way; 0 if that copy is not.
  double piece_left(std::size_t index) const;

  /// Runs a layer with `ready` parts at hand, and one more for each of `copies`: the seconds that it lacks. The link
  /// begins after `busy` seconds, and what is left of those of the layer before.
  void layer(std::size_t ready, View<const double> copies, double busy = 0);

  /// The same, and calls tell(Stretch, index, begin, end) for what happens, in seconds since the beginning, in the
  /// order of the ends on the link and on what computes. `index` counts the parts of Stretch::expert, ready ones
  /// first, and the copies of Stretch::copy and Stretch::wait.
  template <class Tell>
  void layer(std::size_t ready, View<const double> copies, double busy, const Tell& tell);

 private:
  StepTimes times_;
  double now_ = 0;
  double link_free_ = 0;  ///< when the link begins with what is queued
};

template <class Tell>
void SimulatedTime::layer(std::size_t ready, View<const double> copies, double busy, const Tell& tell) {
  const std::size_t parts = ready + copies.size;
  const double each = parts == 0 ? 0 : times_.expert_share * times_.layer_seconds / static_cast<double>(parts);
  const double rest = parts == 0 ? times_.layer_seconds : (1 - times_.expert_share) * times_.layer_seconds;
  for (std::size_t i = 0; i < ready; ++i) {
    tell(Stretch::expert, i, now_ + each * static_cast<double>(i), now_ + each * static_cast<double>(i + 1));
  }
  double computed = now_ + each * static_cast<double>(ready);
  link_free_ = std::max(link_free_, now_) + busy;  // a piece in the way may outlast a layer
  for (std::size_t i = 0; i < copies.size; ++i) {
    tell(Stretch::copy, i, link_free_, link_free_ + copies[i]);
    link_free_ += copies[i];
    if (link_free_ > computed) tell(Stretch::wait, i, computed, link_free_);
    computed = std::max(computed, link_free_);
    tell(Stretch::expert, ready + i, computed, computed + each);
    computed += each;
  }
  tell(Stretch::rest, 0, computed, computed + rest);
  now_ = computed + rest;
}

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/simulated_time_impl.hpp"
#endif
