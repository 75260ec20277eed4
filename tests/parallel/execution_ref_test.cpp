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
  std::vector<int> tiles(1000);
  execution.for_each_tile(tiles.size(), [&](std::size_t i) { ++tiles[i]; });
  execution.for_each_range(tiles.size(), [&](std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) ++tiles[i];
  });
  for (const int times : tiles) CHECK(times == 2);
  execution.for_each_tile(0, [&](std::size_t) { FAIL("a tile of none"); });
}

}  // namespace

TEST_CASE("every tile once, as by the policy itself") {
  covers_all_once(Serial());
  covers_all_once(Threads(1));
  covers_all_once(Threads(3));
}

TEST_CASE("what a tile throws reaches the caller") {
  Threads threads(2);
  const ExecutionRef execution(threads);
  CHECK_THROWS_AS(execution.for_each_tile(50,
                                          [](std::size_t i) {
                                            if (i == 20) throw std::runtime_error("20");
                                          }),
                  std::runtime_error);
}
