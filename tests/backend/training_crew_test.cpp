// Devices of one thread side by side.
#include "asterism/backend/training_crew.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/parallel/threads.hpp"

#include "support/device_memory.hpp"

using namespace asterism;
using backend::TrainingCrew;
using backend::TrainingExtent;
using backend::TrainingHost;

TEST_CASE("each task is done once, no two at a time by one worker, and its operations have the host's bits") {
  constexpr TrainingExtent extent{.rows = 40, .cols = 24, .longest = 40, .threads = 1};
  TrainingHost host(0, 256_MiB, std::make_shared<parallel::Threads>(3));
  TrainingExtent whole = extent;
  whole.threads = 3;
  host.reserve_training(whole);
  const Bytes before = host.arena().used();
  TrainingCrew crew(host, extent, 3);
  CHECK(host.arena().used() - before == TrainingCrew::scratch(extent, 3));
  REQUIRE(crew.size() == 3);

  test::DeviceMemory<TrainingHost> memory(host);
  constexpr std::size_t tasks = 20;
  const auto weights = memory.weights<quant::Float32>(24, 16);
  const auto x = memory.normal(tasks * 40, 16);
  const auto expected = memory.result(tasks * 40, 24);
  const auto found = memory.result(tasks * 40, 24);
  for (std::size_t i = 0; i < tasks; ++i) {
    host.product(weights, x.rows_at(i * 40, 40), expected.rows_at(i * 40, 40));
  }
  std::array<std::atomic<int>, 3> at_work{};
  std::array<std::atomic<int>, tasks> done{};
  std::atomic<bool> met = false;
  crew.for_each(tasks, [&](TrainingCrew::Worker& worker, std::size_t w, std::size_t i) {
    if (at_work[w]++ > 0) met = true;
    worker.product(weights, x.rows_at(i * 40, 40), found.rows_at(i * 40, 40));
    ++done[i];
    --at_work[w];
  });
  CHECK_FALSE(met);
  for (const auto& times : done) CHECK(times == 1);
  CHECK(std::memcmp(found.view.data, expected.view.data, tasks * 40 * 24 * sizeof(float)) == 0);
}
