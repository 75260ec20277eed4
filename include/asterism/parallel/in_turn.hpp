// Tasks that threads take one after the other.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>

#include "asterism/parallel/execution_ref.hpp"

namespace asterism::parallel {

/// Calls f(i) for 0 <= i < count on the threads of `execution`, which take the next i whenever they are free: so tasks
/// begin in ascending order, as many at once as there are threads. If tasks throw, no other begins, and the exception
/// of the first one in order is thrown, whatever the number of threads.
template <class F>
void for_each_in_turn(const ExecutionRef& execution, std::size_t count, F&& f) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t failed = count;
  std::exception_ptr error;
  execution.for_each_task(execution.threads(), [&](std::size_t) {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        f(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        next = count;
        if (i < failed) {
          failed = i;
          error = std::current_exception();
        }
      }
    }
  });
  if (error) std::rethrow_exception(error);
}

}  // namespace asterism::parallel
