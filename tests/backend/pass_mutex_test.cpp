// A mutex that knows its owner.
#include "asterism/backend/pass_mutex.hpp"

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

using namespace asterism;
using backend::PassMutex;

TEST_CASE("one thread at a time") {
  PassMutex mutex;
  int count = 0;  // not atomic: the mutex guards it
  std::atomic<int> inside = 0;
  std::atomic<bool> alone = true;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const std::lock_guard lock(mutex);
        if (++inside != 1) alone = false;
        ++count;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(alone);
  CHECK(count == 2000);
}

TEST_CASE("locked twice in a thread it is an error, not a deadlock, and stays locked") {
  PassMutex mutex;
  {
    const std::lock_guard lock(mutex);
    CHECK_THROWS_WITH_AS(mutex.lock(), doctest::Contains("under way in this thread"), InvalidArgument);
    bool waited = false;
    std::thread other([&] {
      const std::lock_guard waits(mutex);
      waited = true;
    });
    CHECK_FALSE(waited);
    mutex.unlock();
    other.join();
    CHECK(waited);
    mutex.lock();
  }
  CHECK_NOTHROW(mutex.lock());  // it was free
  mutex.unlock();
}
