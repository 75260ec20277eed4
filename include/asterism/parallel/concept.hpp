// The contract of an execution policy, which runs the tasks of an operation.
#pragma once

#include <concepts>
#include <cstddef>

namespace asterism::parallel {

namespace needs {

template <class E>
concept for_each_task = requires(E& execution, void (*task)(std::size_t)) {
  execution.for_each_task(std::size_t{}, task);
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

/// An execution policy runs the tasks 0 ... count - 1, in any order and on any thread.
///
/// 1. `for_each_task(count, f)` calls f(task) exactly once for every task and returns when all are done;
///    `for_each_range(count, f)` calls f(first, end) for non-empty pieces that cover the tasks exactly once: for
///    work that is cheaper in long pieces.
/// 2. An exception thrown by a task reaches the caller; of several, any one of them. Tasks not yet begun may be
///    skipped.
/// 3. Tasks are cut by shape, never by `threads()`, so that results have the same bits for any number of threads.
///    How for_each_range forms pieces is up to the policy: f gives the same bits for any pieces.
/// 4. Calls from two threads at once are serialised or independent, never mixed. Calls do not nest.
/// 5. A call allocates nothing.
///
/// Models: Serial, Threads.
template <class E>
concept Execution = needs::for_each_task<E> && needs::for_each_range<E> && needs::threads<E>;

}  // namespace asterism::parallel
