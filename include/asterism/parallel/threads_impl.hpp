// Bodies of threads.hpp.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/parallel/threads.hpp"

namespace asterism::parallel {

/// The workers and the call that they work on.
struct Threads::Pool {
  explicit Pool(std::size_t threads) {
    try {
      ranges_ = std::vector<Range>(threads);
      workers_.reserve(threads - 1);
      for (std::size_t i = 1; i < threads; ++i) workers_.emplace_back([this, i] { serve(i); });
    } catch (const std::exception& error) {
      stop();  // the threads that did start, or joining them would never return
      throw Error(concat("parallel::Threads can't start ", threads, " threads (", error.what(),
                         "): lower Limits::threads"));
    }
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { stop(); }

  void run(std::size_t count, std::size_t parts, Piece piece, void* body) {
    if (count > UINT32_MAX) {
      throw InvalidArgument(concat("parallel::Threads: ", count, " tasks in one call, at most ", UINT32_MAX));
    }
    const std::lock_guard one_call_at_a_time(call_mutex_);
    body_ = body;
    piece_ = piece;
    parts_ = parts;
    failure_ = nullptr;
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      ranges_[i].reset(i * count / ranges_.size(), (i + 1) * count / ranges_.size());
    }
    busy_.store(workers_.size(), std::memory_order_relaxed);
    {
      const std::lock_guard lock(sleep_mutex_);
      ticket_.fetch_add(1, std::memory_order_release);
    }
    if (asleep_.load(std::memory_order_seq_cst) > 0) wake_.notify_all();
    work(0);
    for (int i = 0; busy_.load(std::memory_order_acquire) != 0; ++i) {
      if (i < spins) {
        pause();
      } else {
        std::this_thread::yield();  // more threads than cores: let the last worker run
      }
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  /// The tasks [next, end) not yet taken: the owner takes from the front, others from the back. On a cache line of
  /// its own.
  struct alignas(64) Range {
    std::atomic<std::uint64_t> tasks{0};  ///< next in the lower half, end in the upper

    void reset(std::uint64_t next, std::uint64_t end) {
      tasks.store(next | end << 32U, std::memory_order_relaxed);
    }
  };
  struct Tasks {
    std::size_t first = 0;
    std::size_t end = 0;
  };

  static constexpr int spins = 4000;  // about 100 us: longer than the gap between two layers' operations

  /// Makes the workers return.
  void stop() {
    {
      const std::lock_guard lock(sleep_mutex_);
      stopping_.store(true, std::memory_order_relaxed);
      ticket_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
  }

  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
  }

  void serve(std::size_t me) {
    std::uint64_t seen = 0;
    for (;;) {
      seen = wait_for_ticket(seen);
      if (stopping_.load(std::memory_order_relaxed)) return;
      work(me);
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  std::uint64_t wait_for_ticket(std::uint64_t seen) {
    for (int i = 0; i < spins; ++i) {
      const std::uint64_t now = ticket_.load(std::memory_order_acquire);
      if (now != seen) return now;
      pause();
    }
    std::unique_lock lock(sleep_mutex_);
    asleep_.fetch_add(1, std::memory_order_seq_cst);
    wake_.wait(lock, [&] { return ticket_.load(std::memory_order_acquire) != seen; });
    asleep_.fetch_sub(1, std::memory_order_seq_cst);
    return ticket_.load(std::memory_order_acquire);
  }

  /// The next piece of a range; empty if nothing is left.
  Tasks take(Range& range, bool own) const {
    std::uint64_t tasks = range.tasks.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint64_t next = tasks & UINT32_MAX;
      const std::uint64_t end = tasks >> 32U;
      if (next >= end) return {};
      const std::uint64_t some = parts_ == 1 ? 1 : (end - next + parts_ - 1) / parts_;
      const std::uint64_t left = own ? (next + some) | end << 32U : next | (end - some) << 32U;
      if (range.tasks.compare_exchange_weak(tasks, left, std::memory_order_relaxed)) {
        const std::uint64_t first = own ? next : end - some;
        return {static_cast<std::size_t>(first), static_cast<std::size_t>(first + some)};
      }
    }
  }

  void work(std::size_t me) {
    try {
      for (std::size_t k = 0; k < ranges_.size(); ++k) {
        Range& range = ranges_[(me + k) % ranges_.size()];
        for (Tasks tasks = take(range, k == 0); tasks.first < tasks.end; tasks = take(range, k == 0)) {
          piece_(body_, tasks.first, tasks.end);
        }
      }
    } catch (...) {
      for (Range& range : ranges_) range.reset(0, 0);
      const std::lock_guard lock(failure_mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  std::mutex call_mutex_;
  void* body_ = nullptr;
  Piece piece_ = nullptr;
  std::size_t parts_ = 1;
  std::vector<Range> ranges_;  ///< one per thread, the caller's first
  std::atomic<std::size_t> busy_{0};
  std::atomic<std::uint64_t> ticket_{0};
  std::atomic<int> asleep_{0};
  std::atomic<bool> stopping_{false};
  std::mutex sleep_mutex_;
  std::condition_variable wake_;
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  std::vector<std::jthread> workers_;  // last: joined before anything that they use is destroyed
};

namespace detail {

/// Throws InvalidArgument for 0.
inline std::size_t some_threads(std::size_t threads) {
  if (threads < 1) throw InvalidArgument("parallel::Threads needs at least 1 thread; 0 were asked for");
  return threads;
}

}  // namespace detail

ASTERISM_INLINE Threads::Threads(std::size_t threads)
    : threads_(detail::some_threads(threads)), pool_(std::make_unique<Pool>(threads)) {}

ASTERISM_INLINE Threads::~Threads() = default;

ASTERISM_INLINE std::size_t Threads::default_threads() {
  const unsigned n = std::thread::hardware_concurrency();
  return n == 0 ? 1 : n;
}

ASTERISM_INLINE void Threads::share_out(std::size_t count, std::size_t parts, Piece piece, void* body) {
  pool_->run(count, parts, piece, body);
}

}  // namespace asterism::parallel
