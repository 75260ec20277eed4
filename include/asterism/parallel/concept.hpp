// The contract of an execution policy: who runs the tiles of a piece of work.
#pragma once

#include <concepts>
#include <cstddef>

namespace asterism::parallel {

namespace needs {

template <class E>
concept for_each_tile = requires(E& execution, void (*tile)(std::size_t)) {
  execution.for_each_tile(std::size_t{}, tile);
};

template <class E>
concept threads = requires(const E& execution) {
  { execution.threads() } -> std::same_as<std::size_t>;
};

}  // namespace needs

/// An execution policy runs f(0) ... f(count - 1), in any order and on any thread.
///
/// 1. `for_each_tile(count, f)` calls f once for every tile and returns when all are done.
/// 2. An exception that a tile throws reaches the caller; of several, one of them. Tiles not yet begun may be
///    left out.
/// 3. Work is cut by shape, never by `threads()`: so results have the same bits for any number of threads.
/// 4. Calls from two threads at once are serialised or independent, never mixed. Calls do not nest.
/// 5. A call allocates nothing.
///
/// Models: Serial, Threads.
template <class E>
concept Execution = needs::for_each_tile<E> && needs::threads<E>;

}  // namespace asterism::parallel
