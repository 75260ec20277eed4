// Bodies of arc.hpp.
#pragma once

#include <algorithm>

#include "asterism/cache/arc.hpp"

namespace asterism::cache {

ASTERISM_INLINE void Arc::admit(View<const PartId> step, Admission& admission) {
  residents_.begin(step, admission);
  residents_.require_room();
  for (const PartId part : admission.hits) move(residents_.parts().number(part), t2);  // case I
  for (const std::size_t number : residents_.misses()) insert(number);
  residents_.end();
}

ASTERISM_INLINE void Arc::insert(std::size_t number) {
  const auto size = static_cast<double>(bytes(number).count);
  const auto left_t1 = static_cast<double>(queues_.bytes(b1).count);
  const auto left_t2 = static_cast<double>(queues_.bytes(b2).count);
  const std::size_t was = queues_.of(number);
  if (was == b1) {  // case II
    target_ = std::min(target_ + size * std::max(1.0, left_t2 / left_t1), static_cast<double>(capacity().count));
    queues_.remove(number, bytes(number));
  } else if (was == b2) {  // case III
    target_ = std::max(target_ - size * std::max(1.0, left_t1 / left_t2), 0.0);
    queues_.remove(number, bytes(number));
  } else {  // case IV
    make_way(bytes(number));
  }
  while (!residents_.has_room(number)) {
    const auto of_t1 = static_cast<double>(queues_.bytes(t1).count);
    const bool from_t1 = of_t1 > 0 && (of_t1 > target_ || (was == b2 && of_t1 == target_));
    if (from_t1) {
      if (!evict(t1, b1)) evict(t2, b2);
    } else {
      if (!evict(t2, b2)) evict(t1, b1);
    }
  }
  queues_.push(was == b1 || was == b2 ? t2 : t1, number, bytes(number));
  residents_.fetch(number);
}

ASTERISM_INLINE void Arc::make_way(Bytes size) {
  while (queues_.bytes(t1) + queues_.bytes(b1) + size > capacity()) {
    if (!drop(b1) && !evict(t1, nowhere)) break;
  }
  const auto all = [&] { return queues_.bytes(t1) + queues_.bytes(t2) + queues_.bytes(b1) + queues_.bytes(b2); };
  while (all() + size > capacity() * 2) {
    if (!drop(b2)) break;
  }
}

ASTERISM_INLINE bool Arc::evict(Queue from, Queue to) {
  for (std::size_t part = queues_.tail(from); part != Queues::none; part = queues_.newer(part)) {
    if (!residents_.may_leave(part)) continue;
    residents_.evict(part);
    move(part, to);
    return true;
  }
  return false;
}

ASTERISM_INLINE bool Arc::drop(Queue from) {
  const std::size_t oldest = queues_.tail(from);
  if (oldest == Queues::none) return false;
  queues_.remove(oldest, bytes(oldest));
  return true;
}

ASTERISM_INLINE void Arc::move(std::size_t number, Queue to) {
  queues_.remove(number, bytes(number));
  if (to != nowhere) queues_.push(to, number, bytes(number));
}

}  // namespace asterism::cache
