// ARC: recency and frequency, with a balance that adapts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/queues.hpp"
#include "asterism/cache/residents.hpp"

namespace asterism::cache {

/// Two queues of residents, t1 of parts used once lately and t2 of those used again, and two of parts that left them,
/// b1 and b2. A request for one of b1 lets t1 grow, for one of b2 let it shrink; a new part takes the room of t1's
/// oldest while t1 is above its target, otherwise of t2's. Requests are the parts of steps. Counts are bytes, and a
/// request moves the target by the part's size times the quotient of the paper; a part of the step or a pinned one is
/// passed over.
/// Source: Megiddo, Modha: ARC: A self-tuning, low overhead replacement cache, FAST 2003, figure 4.
class Arc {
 public:
  Arc(const Parts& parts, Bytes capacity) : residents_(parts, capacity), queues_(parts.size(), 4) {}

  Bytes capacity() const { return residents_.capacity(); }
  bool contains(PartId part) const { return residents_.contains(part); }
  void pin(PartId part) { residents_.pin(part); }
  void unpin(PartId part) { residents_.unpin(part); }

  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    residents_.parts().check(group, used, probabilities);
  }
  void admit(View<const PartId> step, Admission& admission);

  /// The bytes that t1 should have, in [0, capacity()].
  double target() const { return target_; }

 private:
  enum Queue : std::size_t { t1, t2, b1, b2, nowhere };

  Bytes bytes(std::size_t number) const { return residents_.parts().bytes(number); }
  void move(std::size_t number, Queue to);
  void insert(std::size_t number);
  /// Before a new part: t1 and b1 together stay within the capacity, all queues within twice as much.
  void make_way(Bytes size);
  /// Evicts the oldest of `from` that may leave, into `to`; returns false if there is none.
  bool evict(Queue from, Queue to);
  /// Drops the oldest of a queue of parts that left; returns false if there is none.
  bool drop(Queue from);

  Residents residents_;
  Queues queues_;
  double target_ = 0;
};

}  // namespace asterism::cache

#if !defined(ASTERISM_COMPILED)
#include "asterism/cache/arc_impl.hpp"
#endif
