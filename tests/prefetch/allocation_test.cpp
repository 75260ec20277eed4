// No prefetcher allocates once it has been through a pass.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <doctest/doctest.h>

#include "asterism/prefetch/mixture.hpp"
#include "asterism/prefetch/none.hpp"
#include "asterism/prefetch/pre_gated.hpp"

#include "laws/prefetch_laws.hpp"

using namespace asterism;
using namespace asterism::prefetch;

namespace {

std::atomic<std::uint64_t> news{0};

struct Grows : None {
  using None::None;
  void observe(const Routing& routing) { seen.push_back(routing.group); }
  std::vector<std::int32_t> seen;
};

}  // namespace

void* operator new(std::size_t size) {
  news.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t& /*unused*/) noexcept {  // of std::stable_sort
  news.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

template <class P>
void check_allocations() {
  laws::nothing_is_allocated([](const Extent& extent) { return P(extent); }, [] { return news.load(); });
}

}  // namespace

TEST_CASE_TEMPLATE("nothing is allocated after the first pass", P, None, PreviousLayer, MultiLayer, Pattern,
                   Learned, NextGate, PreGated, Adaptive) {
  check_allocations<P>();
}

TEST_CASE("the law finds one that does" * doctest::should_fail()) { check_allocations<Grows>(); }
