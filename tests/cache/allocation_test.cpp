// No policy allocates once it is constructed.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/all.hpp"
#include "asterism/cache/arc.hpp"
#include "asterism/cache/decayed_use.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_frequent.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/cache/static.hpp"

#include "laws/cache_laws.hpp"

using namespace asterism;
using namespace asterism::cache;

namespace {

std::atomic<std::uint64_t> mallocs{0};

}  // namespace

#if !defined(ASTERISM_SANITIZED)  // the sanitizers have a malloc of their own
extern "C" void* __libc_malloc(std::size_t);

// Every operator new of the program passes here.
extern "C" void* malloc(std::size_t size) {
  mallocs.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
#endif

TEST_CASE_TEMPLATE("no call allocates", C, All, LeastRecent, LeastFrequent, DecayedUse, S3Fifo, Arc, Hazard) {
  laws::nothing_is_allocated([](const Parts& parts, Bytes capacity) { return C(parts, capacity); },
                             [] { return mallocs.load(); });
}

TEST_CASE("nor with bypass, nor with a profile") {
  const auto allocations = [] { return mallocs.load(); };
  laws::nothing_is_allocated(
      [](const Parts& parts, Bytes capacity) { return LeastFrequent(parts, capacity, {.bypass = true}); },
      allocations);
  laws::nothing_is_allocated(
      [](const Parts& parts, Bytes capacity) {
        return Static(parts, capacity, std::vector<std::uint64_t>(parts.size(), 3));
      },
      allocations);
}

#if !defined(ASTERISM_SANITIZED)
namespace {

/// A cache whose admit allocates.
struct Allocating : LeastRecent {
  using LeastRecent::LeastRecent;
  void admit(View<const PartId> step, Admission& admission) {
    const std::vector<PartId> copy(step.begin(), step.end());
    LeastRecent::admit(copy, admission);
  }
};

}  // namespace

TEST_CASE("one that allocates is found" * doctest::should_fail()) {
  laws::nothing_is_allocated([](const Parts& parts, Bytes capacity) { return Allocating(parts, capacity); },
                             [] { return mallocs.load(); });
}
#endif
