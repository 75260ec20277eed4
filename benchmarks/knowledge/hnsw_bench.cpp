// index::Hnsw over 100 000 clustered vectors of 512 numbers: time of a search for the 10 best and its recall, beside
// Flat with 8-bit codes in the same run. The graph is built once, which takes minutes.
//
// Arguments: candidates (ef) / queries in a batch; with a filter: how many of 1000 ids it allows. Two threads. `others`
// is how many cores other programs used meanwhile: a figure beside a compiler is none.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/backend/arena.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/index/hnsw.hpp"
#include "asterism/parallel/threads.hpp"

#include "support/other_load.hpp"
#include "support/vectors.hpp"

using namespace asterism;

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Filled {
  Filled() {
    const auto start = std::chrono::steady_clock::now();
    benchmarks::fill(index, benchmarks::rows, true);
    std::printf("built in %.0f s, recall at its trial %.3f\n", seconds_since(start), index.recall());
    benchmarks::fill(flat, benchmarks::rows, true);
  }
  backend::Arena arena{0, 4_GiB};
  parallel::Threads threads{2};
  index::Hnsw<> index{arena, {.dim = benchmarks::dim, .rows = benchmarks::rows}, parallel::ExecutionRef(threads)};
  index::Flat<> flat{arena, {.dim = benchmarks::dim, .rows = benchmarks::rows}, parallel::ExecutionRef(threads)};
};
const Filled& filled() {
  static const Filled all;
  return all;
}

void measure(benchmark::State& state, std::size_t batch, const knowledge::Filter& filter,
             knowledge::Effort effort) {
  const Filled& all = filled();
  const std::vector<float> queries = benchmarks::vectors(std::max<std::size_t>(64, batch), true, 99);
  const benchmarks::OtherLoad others;
  std::vector<double> ratios;
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto some = benchmarks::view(queries).rows_at(batch == 1 ? at++ % 64 : 0, batch);
    auto start = std::chrono::steady_clock::now();
    benchmarks::search(all.flat, some, filter);
    const double flat = seconds_since(start);
    start = std::chrono::steady_clock::now();
    benchmarks::search(all.index, some, filter, effort);
    const double time = seconds_since(start);
    state.SetIterationTime(time);
    ratios.push_back(flat / time);
  }
  std::sort(ratios.begin(), ratios.end());
  state.counters["faster_than_flat"] = ratios[ratios.size() / 2];
  state.counters["others"] = others.cores();
  state.counters["recall"] =
      benchmarks::recall(all.index, benchmarks::view(queries).rows_at(0, 64), filter, effort);
}

/// So many vectors into an empty index. Comes first, since it is quick.
void insert(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    backend::Arena arena(0, 1_GiB);
    index::Hnsw<> index(arena, {.dim = benchmarks::dim, .rows = static_cast<std::uint32_t>(count)});
    const auto start = std::chrono::steady_clock::now();
    benchmarks::fill(index, count, true);
    state.SetIterationTime(seconds_since(start));
  }
}

void search(benchmark::State& state) {
  measure(state, static_cast<std::size_t>(state.range(1)), {},
          knowledge::Effort::of(static_cast<std::uint32_t>(state.range(0))));
}

void filtered(benchmark::State& state) {
  Random random(3);
  knowledge::Filter filter = knowledge::Filter::none();
  for (std::uint32_t id = 0; id < benchmarks::rows; ++id) {
    if (random.below(1000) < static_cast<std::uint64_t>(state.range(1))) filter.allow({id});
  }
  measure(state, 1, filter, knowledge::Effort::of(static_cast<std::uint32_t>(state.range(0))));
}

BENCHMARK(insert)->Arg(1000)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2);
BENCHMARK(search)
    ->ArgsProduct({{32, 64, 128}, {1, 64}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(0.2);
BENCHMARK(filtered)
    ->ArgsProduct({{64}, {1, 10, 100, 500}})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(0.2);

}  // namespace

BENCHMARK_MAIN();
