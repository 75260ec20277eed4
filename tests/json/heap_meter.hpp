// Measures what a call takes from the heap, and lets it run out of memory. Replaces operator new: include it in one
// source of a program. Alignments above that of malloc are left alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <malloc.h>
#include <new>

namespace asterism::test {

/// What is on the heap, in bytes as malloc counts them.
struct Heap {
  std::size_t now = 0;
  std::size_t peak = 0;
  std::size_t allocations_left = std::numeric_limits<std::size_t>::max();  ///< the next one behind them fails
};
inline thread_local Heap heap;

/// Bytes that `call` has on the heap at a time, at most.
template <class Call>
std::size_t peak_of(const Call& call) {
  const std::size_t before = heap.now;
  heap.peak = heap.now;
  call();
  return heap.peak - before;
}

/// Calls `call` with room for 0, 1, 2, ... `most` allocations until one call is complete; returns how many failed.
template <class Call>
std::size_t run_out_of_memory(const Call& call, std::size_t most) {
  for (std::size_t allocations = 0; allocations <= most; ++allocations) {
    heap.allocations_left = allocations;
    try {
      call();
      heap.allocations_left = std::numeric_limits<std::size_t>::max();
      return allocations;
    } catch (const std::bad_alloc&) {
      heap.allocations_left = std::numeric_limits<std::size_t>::max();
    }
  }
  return most + 1;
}

}  // namespace asterism::test

[[gnu::noinline]] void* operator new(std::size_t size) {
  auto& heap = asterism::test::heap;
  void* memory = heap.allocations_left == 0 ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  if (heap.allocations_left != std::numeric_limits<std::size_t>::max()) --heap.allocations_left;
  heap.now += malloc_usable_size(memory) + sizeof(std::size_t);
  if (heap.now > heap.peak) heap.peak = heap.now;
  return memory;
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {  // std::stable_sort asks so
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  asterism::test::heap.now -= malloc_usable_size(memory) + sizeof(std::size_t);
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
