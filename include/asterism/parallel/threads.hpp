// A small thread pool: the default execution policy; needs no compiler flag.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

#include "asterism/core/config.hpp"
#include "asterism/parallel/fwd.hpp"

namespace asterism::parallel {

/// Runs tasks on `threads` threads, including the caller. Each thread walks its own range upwards, so that it
/// reads one stream from memory; then it steals from the ends of other ranges what has not begun, so that unequal
/// tasks balance. `for_each_range` takes a third of what is left at a time: few pieces, and small ones at the end,
/// when threads would wait for each other. A call has at most 2^32 - 1 tasks; more throw InvalidArgument. Between
/// calls the workers spin for some microseconds, then sleep. Thread-safe: calls from several threads take turns.
/// Allocates only in its constructor.
class Threads {
 public:
  /// Starts threads - 1 workers, threads >= 1. Throws InvalidArgument for 0, Error if the system refuses a thread.
  explicit Threads(std::size_t threads = default_threads());
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads();

  std::size_t threads() const { return threads_; }

  /// Hardware threads of this machine, at least 1.
  static std::size_t default_threads();

  template <class F>
  void for_each_task(std::size_t count, F&& f) {
    run(count, 1, [&](std::size_t first, std::size_t end) {
      for (std::size_t task = first; task < end; ++task) f(task);
    });
  }

  template <class F>
  void for_each_range(std::size_t count, F&& f) {
    run(count, 3, f);
  }

 private:
  /// Processes the tasks [first, end).
  using Piece = void (*)(void* body, std::size_t first, std::size_t end);

  /// Calls f(first, end) for pieces of [0, count) on all threads. A piece is 1 / parts of the rest of a range,
  /// rounded up, or one task if parts is 1.
  template <class F>
  void run(std::size_t count, std::size_t parts, F&& f) {
    if (count == 0) return;
    if (count == 1 || threads_ == 1) {
      f(std::size_t{0}, count);
      return;
    }
    using Body = std::remove_reference_t<F>;
    share_out(
        count, parts,
        [](void* body, std::size_t first, std::size_t end) { (*static_cast<Body*>(body))(first, end); },
        const_cast<void*>(static_cast<const void*>(&f)));
  }

  /// Implements `run` on more than one thread.
  void share_out(std::size_t count, std::size_t parts, Piece piece, void* body);

  struct Pool;
  std::size_t threads_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace asterism::parallel

#if !defined(ASTERISM_COMPILED)
#include "asterism/parallel/threads_impl.hpp"
#endif
