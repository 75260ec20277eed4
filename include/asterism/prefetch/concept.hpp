// The contract of a prefetcher, which guesses the parts that a group will use before its router has spoken.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/prefetch/fwd.hpp"

namespace asterism::prefetch {

/// What a pass does: it reads a prompt, many tokens at once, or it decodes one token of a sequence.
enum class Phase : std::uint8_t { prompt, decode };

/// How much there is to predict.
struct Extent {
  std::int32_t groups = 0;     ///< >= 1: layers with experts
  std::int32_t members = 0;    ///< >= 1: experts of a layer
  std::int32_t sequences = 1;  ///< >= 1: those that are kept apart; sequence s counts as s modulo this number

  friend constexpr bool operator==(const Extent&, const Extent&) = default;
};

/// What a router has decided for the rows of one sequence in one group. The views are valid during the call only.
struct Routing {
  std::int32_t group = 0;
  std::int32_t sequence = 0;
  Phase phase = Phase::decode;
  View<const std::int32_t> used;       ///< distinct members, ascending
  View<const float> probabilities;     ///< (members): the greatest of all rows; empty where not known
  View<const float> next;              ///< (members): the next group, guessed by its router, or empty
  View<const std::int32_t> next_used;  ///< the next group as the model chose it already, or empty
};

/// One part that may be used.
struct Prediction {
  PartId part;
  float probability = 0;  ///< in [0, 1]: the share of the group's use that is expected of this part

  friend constexpr bool operator==(const Prediction&, const Prediction&) = default;
};

namespace needs {

template <class P>
concept observe = requires(P& prefetcher, const Routing& routing) {
  { prefetcher.observe(routing) } -> std::same_as<void>;
};

template <class P>
concept predict = requires(P& prefetcher, std::int32_t group, View<Prediction> out) {
  { prefetcher.predict(group, out) } -> std::same_as<std::size_t>;
};

}  // namespace needs

/// A prefetcher learns from what routers decide, and guesses what the next groups will use. A hint only: results of a
/// model never depend on it.
///
/// 1. `observe(routing)`: a router has spoken. Groups of a sequence come in ascending order within a pass; a group not
///    greater than the one before begins the sequence's next pass. What makes no sense (groups and members that do not
///    exist, probabilities of another number or that are none) is left out, never refused.
/// 2. `predict(group, out)`: fills the front of `out` with the most probable parts of the group, best first, of equal
///    ones the lower member first, and returns their number: at most `out.size`, 0 if it knows nothing or the group
///    does not exist. Parts are distinct and of that group; probabilities are in [0, 1], and those of all members sum
///    to at most 1, as a router's do. It concerns the sequence and the phase that were observed last: with several
///    sequences in a pass, each is observed and predicted in turn.
/// 3. Deterministic: the same calls of `observe` give the same predictions, however often `predict` is called.
/// 4. `static constexpr bool keeps_sequences_apart = true`, if there is one, promises that predictions of a sequence
///    depend on what was observed of that sequence alone.
/// 5. No allocation after the first pass. Not thread-safe.
///
/// Made from an `Extent` where a model is to be created by name.
///
/// Models: None, PreviousLayer, MultiLayer, Pattern, Learned, NextGate, PreGated, Adaptive (a Mixture).
template <class P>
concept Prefetch = needs::observe<P> && needs::predict<P>;

/// A prefetcher whose predictions of a sequence depend on what was observed of that sequence alone.
template <class P>
concept KeepsSequencesApart = Prefetch<P> && requires {
  requires P::keeps_sequences_apart;
};

/// A prefetcher that learns from `Routing::next`: whoever asks it has the next layer's router look at this layer's
/// state, which costs one small product. It says so: `static constexpr bool asks_next_router = true`.
template <class P>
concept AsksNextRouter = Prefetch<P> && requires {
  requires P::asks_next_router;
};

}  // namespace asterism::prefetch
