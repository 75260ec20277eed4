// Bodies of s3_fifo.hpp.
#pragma once

#include <algorithm>

#include "asterism/cache/s3_fifo.hpp"

namespace asterism::cache {

ASTERISM_INLINE S3Fifo::S3Fifo(const Parts& parts, Bytes capacity)
    : residents_(parts, capacity),
      small_bytes_{capacity.count / 10},
      main_bytes_(capacity - small_bytes_),
      queues_(parts.size(), 3),
      uses_(parts.size()) {}

ASTERISM_INLINE void S3Fifo::admit(View<const PartId> step, Admission& admission) {
  residents_.begin(step, admission);
  residents_.require_room();
  for (const PartId part : admission.hits) {
    std::uint8_t& uses = uses_[residents_.parts().number(part)];
    uses = static_cast<std::uint8_t>(std::min(uses + 1, 3));
  }
  for (const std::size_t number : residents_.misses()) insert(number);
  residents_.end();
}

ASTERISM_INLINE void S3Fifo::insert(std::size_t number) {
  while (!residents_.has_room(number)) {
    const bool from_small = queues_.bytes(small) >= small_bytes_;
    if (from_small) {
      if (!evict_small()) evict_main();
    } else {
      if (!evict_main()) evict_small();
    }
  }
  // Only now, for evicting may have dropped it from the ghosts.
  const bool was_ghost = queues_.of(number) == ghost;
  if (was_ghost) queues_.remove(number, bytes(number));
  queues_.push(was_ghost ? main : small, number, bytes(number));
  uses_[number] = 0;
  residents_.fetch(number);
}

ASTERISM_INLINE void S3Fifo::move(std::size_t number, Queue to) {
  queues_.remove(number, bytes(number));
  queues_.push(to, number, bytes(number));
}

ASTERISM_INLINE bool S3Fifo::evict_small() {
  for (std::size_t part = queues_.tail(small); part != Queues::none;) {
    const std::size_t next = queues_.newer(part);
    if (residents_.may_leave(part) && uses_[part] <= 1) {
      residents_.evict(part);
      move(part, ghost);
      while (queues_.bytes(ghost) > main_bytes_) {
        const std::size_t oldest = queues_.tail(ghost);
        queues_.remove(oldest, bytes(oldest));
      }
      return true;
    }
    if (residents_.may_leave(part)) {
      uses_[part] = 0;
      move(part, main);
      if (queues_.bytes(main) > main_bytes_ && evict_main()) return true;
    }
    part = next;
  }
  return false;
}

ASTERISM_INLINE bool S3Fifo::evict_main() {
  // What is put back at the head comes again in the same walk, with a use less.
  for (std::size_t part = queues_.tail(main); part != Queues::none;) {
    std::size_t next = queues_.newer(part);
    if (residents_.may_leave(part)) {
      if (uses_[part] == 0) {
        residents_.evict(part);
        queues_.remove(part, bytes(part));
        return true;
      }
      --uses_[part];
      move(part, main);
      if (next == Queues::none) next = part;
    }
    part = next;
  }
  return false;
}

}  // namespace asterism::cache
