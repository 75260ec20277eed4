// The contract of a cache, which decides what parts stay in fast memory.
#pragma once

#include <concepts>
#include <cstdint>
#include <vector>

#include "asterism/cache/fwd.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"

namespace asterism::cache {

/// What a cache answers to a step. Hand in the same object again and again: its lists keep their memory.
struct Admission {
  std::vector<PartId> hits;      ///< of the step: were resident, and stay; in the step's order
  std::vector<PartId> fetched;   ///< of the step: become resident, to be copied in
  std::vector<PartId> bypassed;  ///< of the step: computed from a step slot, do not become resident
  std::vector<PartId> victims;   ///< not of the step: were resident, no longer are

  void clear() {
    hits.clear();
    fetched.clear();
    bypassed.clear();
    victims.clear();
  }
};

namespace needs {

template <class C>
concept capacity = requires(const C& cache) {
  { cache.capacity() } -> std::same_as<Bytes>;
};

template <class C>
concept contains = requires(const C& cache, PartId part) {
  { cache.contains(part) } -> std::same_as<bool>;
};

template <class C>
concept observe = requires(C& cache, std::int32_t group, View<const std::int32_t> used,
                           View<const float> probabilities) {
  { cache.observe(group, used, probabilities) } -> std::same_as<void>;
};

template <class C>
concept admit = requires(C& cache, View<const PartId> step, Admission& admission) {
  { cache.admit(step, admission) } -> std::same_as<void>;
};

template <class C>
concept pin = requires(C& cache, PartId part) {
  { cache.pin(part) } -> std::same_as<void>;
};

template <class C>
concept unpin = requires(C& cache, PartId part) {
  { cache.unpin(part) } -> std::same_as<void>;
};

/// Optional, see `Valued`.
template <class C>
concept value = requires(const C& cache, PartId part) {
  { cache.value(part) } -> std::same_as<float>;
};

}  // namespace needs

/// A cache decides what parts stay in a fast memory of `capacity()` bytes. It sees ids, byte counts and statistics,
/// never the parts' data: whoever asks copies what is fetched, and forgets the victims.
///
/// 1. `observe(group, used, probabilities)`: a pass has routed `group`. `used` (any number): the distinct members that
///    some row chose, ascending; `probabilities` (members): the router's, of several rows the greatest, in [0, 1], or
///    empty where they are not known. Groups come in ascending order within a pass; a group not greater than the one
///    before begins the next pass. A group is observed before its parts are admitted. Throws InvalidArgument for a
///    group or member that there is not.
/// 2. `admit(step, admission)`: the parts that the step needs now, distinct. Those that are resident stay; each other
///    one is fetched, with victims if there is no room, or bypassed. `admission` is overwritten.
/// 3. A part of the step or a pinned part is never a victim. The bytes of all residents are at most `capacity()`.
/// 4. A step that can't be admitted is refused: InvalidArgument for a part that there is not or that is named twice,
///    BudgetExceeded if the cache bypasses nothing and what is pinned leaves too little room. The message names the
///    parts; the cache is as before.
/// 5. `pin(part)` counts: as many `unpin(part)` release it. Any part may be pinned, resident or not. Both throw
///    InvalidArgument for a part that there is not, `unpin` for one that is not pinned.
/// 6. Decisions follow from the calls before alone: no clock, no random numbers without a seed. Nothing is allocated
///    after construction, except that the lists of an admission grow, and in messages of errors.
/// 7. Const members may be called from several threads at once, others by one thread while no other calls any.
///
/// Models: All, LeastRecent, LeastFrequent, DecayedUse, S3Fifo, Arc, Static, Hazard.
template <class C>
concept Cache = needs::capacity<C> && needs::contains<C> && needs::observe<C> && needs::admit<C> &&
    needs::pin<C> && needs::unpin<C>;

/// A cache that says what a part's stay is worth: `value(part)` in [0, 1], how likely the part is used the next time
/// that its group runs. Prefetchers weigh it against what they would copy in the place of the part.
template <class C>
concept Valued = Cache<C> && needs::value<C>;

}  // namespace asterism::cache
