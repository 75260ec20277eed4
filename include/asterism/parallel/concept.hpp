// The contract of an execution policy, which runs the tiles of an operation.
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
concept for_each_range = requires(E& execution, void (*range)(std::size_t, std::size_t)) {
  execution.for_each_range(std::size_t{}, range);
};

template <class E>
concept threads = requires(const E& execution) {
  { execution.threads() } -> std::same_as<std::size_t>;
};

}  // namespace needs

/// An execution policy runs the tiles 0 ... count - 1, in any order and on any thread.
///
/// 1. `for_each_tile(count, f)` calls f(tile) exactly once for every tile and returns when all are done;
///    `for_each_range(count, f)` calls f(first, end) for non-empty pieces that cover the tiles exactly once: for
///    work that is cheaper in long pieces.
/// 2. An exception thrown by a tile reaches the caller; of several, any one of them. Tiles not yet begun may be
///    skipped.
/// 3. Tiles are cut by shape, never by `threads()`, so that results have the same bits for any number of threads.
///    How for_each_range forms pieces is up to the policy: f gives the same bits for any pieces.
/// 4. Calls from two threads at once are serialised or independent, never mixed. Calls do not nest.
/// 5. A call allocates nothing.
///
/// Models: Serial, Threads.
template <class E>
concept Execution = needs::for_each_tile<E> && needs::for_each_range<E> && needs::threads<E>;

}  // namespace asterism::parallel
