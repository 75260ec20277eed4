// What handing out tiles costs: calls of for_each_task whose tiles do nothing. Arguments: threads / tiles.
#include <atomic>
#include <cstddef>

#include <benchmark/benchmark.h>

#include "asterism/parallel/threads.hpp"

using namespace asterism;

namespace {

void for_each_task(benchmark::State& state) {
  parallel::Threads threads(static_cast<std::size_t>(state.range(0)));
  const auto tiles = static_cast<std::size_t>(state.range(1));
  for ([[maybe_unused]] auto _ : state) {
    threads.for_each_task(tiles, [](std::size_t tile) { benchmark::DoNotOptimize(tile); });
  }
}

BENCHMARK(for_each_task)->ArgNames({"threads", "tiles"})->ArgsProduct({{1, 2, 4}, {2, 64, 1024}})->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
