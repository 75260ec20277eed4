// S3-FIFO: three queues, of which a small one lets pass what is used once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/queues.hpp"
#include "asterism/cache/residents.hpp"

namespace asterism::cache {

/// New parts enter a small queue of 10 % of the capacity; those used more than once there move to the main queue, a
/// clock with counters up to 3, and those that left lately, as many bytes as the main queue has, enter the main queue
/// when they come again. Requests are the parts of steps. Counts are bytes; a part of the step or a pinned one is
/// passed over.
/// Source: Yang, Zhang, Qiu, Yue, Rashmi: FIFO queues are all you need for cache eviction, SOSP 2023, algorithm 1.
class S3Fifo {
 public:
  S3Fifo(const Parts& parts, Bytes capacity);

  Bytes capacity() const { return residents_.capacity(); }
  bool contains(PartId part) const { return residents_.contains(part); }
  void pin(PartId part) { residents_.pin(part); }
  void unpin(PartId part) { residents_.unpin(part); }

  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) {
    residents_.parts().check(group, used, probabilities);
  }
  void admit(View<const PartId> step, Admission& admission);

 private:
  enum Queue : std::size_t { small, main, ghost };

  Bytes bytes(std::size_t number) const { return residents_.parts().bytes(number); }
  void move(std::size_t number, Queue to);
  void insert(std::size_t number);
  /// Each evicts one part, and returns false if all of its queue have to stay.
  bool evict_small();
  bool evict_main();

  Residents residents_;
  Bytes small_bytes_;
  Bytes main_bytes_;
  Queues queues_;
  std::vector<std::uint8_t> uses_;  // (parts): since it entered, up to 3
};

}  // namespace asterism::cache

#if !defined(ASTERISM_COMPILED)
#include "asterism/cache/s3_fifo_impl.hpp"
#endif
