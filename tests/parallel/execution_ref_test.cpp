// An execution policy behind a reference does what it does without.
#include "asterism/parallel/execution_ref.hpp"

#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"

using namespace asterism::parallel;

static_assert(Execution<ExecutionRef>);

namespace {

template <class Policy>
void covers_all_once(Policy&& policy) {
  const ExecutionRef execution(policy);
  CHECK(execution.threads() == policy.threads());
  std::vector<int> tasks(1000);
  execution.for_each_task(tasks.size(), [&](std::size_t i) { ++tasks[i]; });
  execution.for_each_range(tasks.size(), [&](std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) ++tasks[i];
  });
  for (const int times : tasks) CHECK(times == 2);
  execution.for_each_task(0, [&](std::size_t) { FAIL("a task of none"); });
}

}  // namespace

TEST_CASE("every task once, as by the policy itself") {
  covers_all_once(Serial());
  covers_all_once(Threads(1));
  covers_all_once(Threads(3));
}

TEST_CASE("what a task throws reaches the caller") {
  Threads threads(2);
  const ExecutionRef execution(threads);
  CHECK_THROWS_AS(execution.for_each_task(50,
                                          [](std::size_t i) {
                                            if (i == 20) throw std::runtime_error("20");
                                          }),
                  std::runtime_error);
}
