// Tasks that threads take in turn: each once, in ascending order, and the first failure of all.
#include "asterism/parallel/in_turn.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"

using namespace asterism;
using parallel::for_each_in_turn;

namespace {

/// Calls f(execution) with one, two and five threads.
template <class F>
void with_threads(F&& f) {
  parallel::Serial serial;
  f(parallel::ExecutionRef(serial));
  for (const std::size_t threads : {2U, 5U}) {
    parallel::Threads several(threads);
    f(parallel::ExecutionRef(several));
  }
}

}  // namespace

TEST_CASE("every task runs once, however many threads take them") {
  with_threads([](const parallel::ExecutionRef& execution) {
    for (const std::size_t count : {0U, 1U, 3U, 100U}) {
      std::vector<std::atomic<int>> times(count);
      for_each_in_turn(execution, count, [&](std::size_t i) { ++times[i]; });
      for (const std::atomic<int>& one : times) CHECK(one == 1);
    }
  });
}

TEST_CASE("no task begins before those in front of it have begun") {
  with_threads([](const parallel::ExecutionRef& execution) {
    std::atomic<std::size_t> begun{0};
    std::atomic<int> early{0};
    for_each_in_turn(execution, 500, [&](std::size_t i) {
      const std::size_t before = begun++;
      if (before + execution.threads() < i) ++early;
    });
    CHECK(early == 0);
  });
}

TEST_CASE("of several failures the first one in order is thrown, and nothing begins after it") {
  with_threads([](const parallel::ExecutionRef& execution) {
    for (int repetition = 0; repetition < 50; ++repetition) {
      std::atomic<std::size_t> last{0};
      std::string message;
      try {
        for_each_in_turn(execution, 1000, [&](std::size_t i) {
          last = std::max<std::size_t>(last, i);
          if (i >= 7) throw std::runtime_error("task " + std::to_string(i));
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      CHECK(message == "task 7");
      CHECK(last < 7 + execution.threads());
    }
  });
}
