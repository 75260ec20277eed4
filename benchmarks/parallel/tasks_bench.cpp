// What handing out tasks costs: calls of for_each_task whose tasks do nothing. Arguments: threads / tasks.
#include <atomic>
#include <cstddef>

#include <benchmark/benchmark.h>

#include "asterism/parallel/threads.hpp"

using namespace asterism;

namespace {

void for_each_task(benchmark::State& state) {
  parallel::Threads threads(static_cast<std::size_t>(state.range(0)));
  const auto tasks = static_cast<std::size_t>(state.range(1));
  for ([[maybe_unused]] auto _ : state) {
    threads.for_each_task(tasks, [](std::size_t task) { benchmark::DoNotOptimize(task); });
  }
}

BENCHMARK(for_each_task)->ArgNames({"threads", "tasks"})->ArgsProduct({{1, 2, 4}, {2, 64, 1024}})->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
