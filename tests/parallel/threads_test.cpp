// The pool: every task once for any count and any number of threads, no allocation in a call, and no way to hang.
#include "asterism/parallel/threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"

#include "laws/execution_laws.hpp"

using namespace asterism;
using parallel::Threads;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ASTERISM_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ASTERISM_TEST_SANITIZED 1
#endif
#endif

#if !defined(ASTERISM_TEST_SANITIZED)  // sanitizers have an operator new of their own
namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* memory = std::aligned_alloc(alignment, (size + alignment) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Not inlined, or g++ takes what the compiler pairs with them for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif

TEST_CASE("every task runs once for any count and any number of threads") {
  for (std::size_t threads = 1; threads <= 9; ++threads) {
    Threads pool(threads);
    CHECK(pool.threads() == threads);
    for (std::size_t count = 0; count <= 1000; count += count < 40 ? 1 : 19) laws::every_task_once(pool, count);
  }
  Threads pool(2);
  for (std::size_t count = 0; count <= 1000; ++count) laws::every_task_once(pool, count);
}

TEST_CASE("the workers do share the work") {
  Threads pool(4);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  pool.for_each_task(4, [&](std::size_t) {
    {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    }
    for (;;) {  // until four threads stand here at once
      const std::lock_guard lock(mutex);
      if (seen.size() == 4) break;
    }
  });
  CHECK(seen.size() == 4);
}

TEST_CASE("a thread that is stuck in one task does not keep others from the rest of its range") {
  constexpr std::size_t tasks = 64;
  for (const std::size_t threads : {2U, 3U, 4U, 7U}) {
    for (const std::size_t stuck : {std::size_t{0}, tasks / 2, tasks - 1}) {
      CAPTURE(threads);
      CAPTURE(stuck);
      Threads pool(threads);
      std::vector<std::atomic<int>> calls(tasks);
      std::atomic<std::size_t> done{0};
      pool.for_each_task(tasks, [&](std::size_t task) {
        ++calls[task];
        while (task == stuck && done < tasks - 1)
          std::this_thread::yield();  // for ever, if nobody does the others
        ++done;
      });
      CHECK(done == tasks);
      CHECK(std::all_of(calls.begin(), calls.end(), [](const std::atomic<int>& count) { return count == 1; }));
    }
  }
}

TEST_CASE("all threads but one may be stuck, each in a task of its own range") {
  constexpr std::size_t threads = 4;
  constexpr std::size_t tasks = 40;
  Threads pool(threads);
  std::atomic<std::size_t> done{0};
  pool.for_each_task(tasks, [&](std::size_t task) {
    const bool first_of_a_range = task % (tasks / threads) == 0 && task > 0;
    while (first_of_a_range && done < tasks - (threads - 1)) std::this_thread::yield();
    ++done;
  });
  CHECK(done == tasks);
}

TEST_CASE("a thread walks its own range upwards before it helps others") {
  constexpr std::size_t threads = 3;
  constexpr std::size_t tasks = 30;
  Threads pool(threads);
  for (int round = 0; round < 50; ++round) {
    std::mutex mutex;
    std::map<std::thread::id, std::vector<std::size_t>> walked;
    std::atomic<std::size_t> begun{0};
    pool.for_each_task(tasks, [&](std::size_t task) {
      {
        const std::lock_guard lock(mutex);
        walked[std::this_thread::get_id()].push_back(task);
      }
      ++begun;
      while (begun < threads) std::this_thread::yield();  // until all have begun
    });
    REQUIRE(walked.size() == threads);
    std::set<std::size_t> first_tasks;
    for (const auto& [thread, order] : walked) {
      first_tasks.insert(order.front());
      const std::size_t own = order.front() / (tasks / threads);
      const auto left = std::find_if(order.begin(), order.end(),
                                     [&](std::size_t task) { return task / (tasks / threads) != own; });
      CHECK(std::is_sorted(order.begin(), left));
      CHECK(std::none_of(left, order.end(), [&](std::size_t task) { return task / (tasks / threads) == own; }));
    }
    CHECK(first_tasks == std::set<std::size_t>{0, 10, 20});
  }
}

TEST_CASE("ranges begin with long pieces and end with short ones, so that nobody waits for long") {
  constexpr std::size_t tasks = 300;
  for (const std::size_t threads : {2U, 3U, 5U}) {
    CAPTURE(threads);
    Threads pool(threads);
    std::mutex mutex;
    std::vector<std::size_t> lengths;
    std::size_t pieces_from_the_front = 0;
    std::size_t covered = 0;
    pool.for_each_range(tasks, [&](std::size_t first, std::size_t end) {
      const std::lock_guard lock(mutex);
      lengths.push_back(end - first);
      covered += end - first;
      pieces_from_the_front += first % (tasks / threads) == 0 ? 1 : 0;
    });
    CHECK(covered == tasks);
    CHECK(*std::max_element(lengths.begin(), lengths.end()) == (tasks / threads + 2) / 3);
    CHECK(static_cast<std::size_t>(std::count(lengths.begin(), lengths.end(), 1)) >= threads);
    CHECK(pieces_from_the_front == threads);
    CHECK(lengths.size() < 20 * threads);
  }
}

TEST_CASE("a thread that is stuck in its piece loses all others to those that are free") {
  constexpr std::size_t tasks = 90;
  Threads pool(3);
  std::atomic<std::size_t> done{0};
  std::atomic<std::size_t> held{0};
  pool.for_each_range(tasks, [&](std::size_t first, std::size_t end) {
    if (first == 30) {
      held = end - first;
      while (done < tasks - held) std::this_thread::yield();  // for ever, if nobody does the others
    }
    done += end - first;
  });
  CHECK(done == tasks);
}

TEST_CASE("more tasks than a range can count are refused") {
  Threads pool(2);
  CHECK_THROWS_WITH_AS(pool.for_each_task(std::size_t{1} << 32U, [](std::size_t) {}),
                       "parallel::Threads: 4294967296 tasks in one call, at most 4294967295", InvalidArgument);
}

TEST_CASE("after an exception no further task is begun but those under way") {
  constexpr std::size_t threads = 4;
  Threads pool(threads);
  std::atomic<std::size_t> begun{0};
  CHECK_THROWS_AS(pool.for_each_task(100000,
                                     [&](std::size_t task) {
                                       ++begun;
                                       if (task == 0) throw InvalidArgument("task 0");
                                       std::this_thread::sleep_for(std::chrono::milliseconds(1));
                                     }),
                  InvalidArgument);
  CHECK(begun < 10000);
  laws::every_task_once(pool, 100);
}

TEST_CASE("at least one thread is asked for, and the default is one") {
  CHECK_THROWS_AS(Threads(0), InvalidArgument);
  CHECK(Threads::default_threads() >= 1);
  CHECK(Threads().threads() == Threads::default_threads());
}

TEST_CASE("thousands of tiny calls") {
  Threads pool(3);
  std::atomic<int> sum{0};
  for (int i = 0; i < 20000; ++i) pool.for_each_task(2, [&](std::size_t) { ++sum; });
  CHECK(sum == 40000);
}

TEST_CASE("workers that have gone to sleep wake up") {
  Threads pool(3);
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    laws::every_task_once(pool, 100);
  }
}

TEST_CASE("a pool may be destroyed at any moment between calls") {
  for (int i = 0; i < 200; ++i) Threads pool(1 + static_cast<std::size_t>(i) % 5);
  for (int i = 0; i < 100; ++i) {
    Threads pool(3);
    pool.for_each_task(3, [](std::size_t) {});
  }
  Threads asleep(3);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

TEST_CASE("an exception leaves the pool in order, even one from every task") {
  Threads pool(4);
  for (int i = 0; i < 200; ++i) {
    CHECK_THROWS_AS(pool.for_each_task(50, [](std::size_t task) { throw static_cast<int>(task); }), int);
    laws::every_task_once(pool, 50);
  }
}

TEST_CASE("the functor that was handed in is the one that runs") {
  struct Counter {
    int calls = 0;
    void operator()(std::size_t) { ++calls; }
  };
  Threads pool(1);
  Counter counter;
  pool.for_each_task(5, counter);
  CHECK(counter.calls == 5);
  Threads more(2);
  struct Constant {
    std::atomic<int>* sum;
    void operator()(std::size_t task) const { *sum += static_cast<int>(task); }
  };
  std::atomic<int> sum{0};
  const Constant constant{&sum};
  more.for_each_task(5, constant);
  more.for_each_task(5, Constant{&sum});
  CHECK(sum == 20);
}

#if !defined(ASTERISM_TEST_SANITIZED)
TEST_CASE("a call allocates nothing") {
  Threads pool(3);
  std::vector<int> hits(64);
  pool.for_each_task(hits.size(), [&](std::size_t task) { ++hits[task]; });
  const std::uint64_t before = allocations;
  for (int i = 0; i < 1000; ++i) pool.for_each_task(hits.size(), [&](std::size_t task) { ++hits[task]; });
  CHECK(allocations == before);
  CHECK(hits == std::vector<int>(64, 1001));
  void* volatile memory = ::operator new(8);  // volatile: or the compiler leaves it out
  CHECK(allocations > before);
  ::operator delete(memory);
}

// Sanitizers take more memory than the limit.
TEST_CASE("where the system refuses a thread the constructor throws, and does not hang") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
  rlimit small = before;
  small.rlim_cur =
      std::min(before.rlim_max, rlim_t{2} << 30U);  // room for some stacks of 8 MiB, not for thousands
  REQUIRE(setrlimit(RLIMIT_AS, &small) == 0);
  std::string message;
  try {
    const Threads pool(5000);
  } catch (const Error& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_AS, &before);
  CHECK(message.find("5000 threads") != std::string::npos);
  CHECK(message.find("Limits::threads") != std::string::npos);
}
#endif
