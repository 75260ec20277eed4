// index::Flat over 100 000 vectors of 512 numbers: time of a search for the 10 best, beside the read bandwidth that was
// measured between the searches of the same run, and its recall; filters beside the same search without one.
//
// Arguments: threads / queries in a batch; with a filter: how many of 1000 ids it allows. `share` is the rate at which
// the rows' codes, or floats, were passed over once, as a share of the bandwidth; of a batch GFLOP/s. `others` is how
// many cores other programs used meanwhile: a figure beside a compiler is none. ASTERISM_SIMD chooses the instruction
// set.
#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/backend/arena.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/parallel/threads.hpp"

#include "support/other_load.hpp"
#include "support/vectors.hpp"

using namespace asterism;

namespace {

template <class Format>
struct Filled {
  explicit Filled(std::size_t count, bool clusters)
      : threads(count),
        index(arena, {.dim = benchmarks::dim, .rows = benchmarks::rows}, parallel::ExecutionRef(threads)) {
    benchmarks::fill(index, benchmarks::rows, clusters);
  }
  backend::Arena arena{0, 2_GiB};
  parallel::Threads threads;
  index::Flat<Format> index;
};

/// The last one that was asked for stays.
template <class Format>
Filled<Format>& filled(std::size_t threads, bool clusters) {
  static std::unique_ptr<Filled<Format>> last;
  static bool last_clusters = false;
  if (!last || last->threads.threads() != threads || last_clusters != clusters) {
    last.reset();
    last = std::make_unique<Filled<Format>>(threads, clusters);
    last_clusters = clusters;
  }
  return *last;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class Call>
double seconds(const Call& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <class Format, bool clusters>
void search(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(1));
  Filled<Format>& all = filled<Format>(static_cast<std::size_t>(state.range(0)), clusters);
  const std::vector<float> queries = benchmarks::vectors(std::max<std::size_t>(64, batch), clusters, 99);
  const std::vector<std::uint64_t> words(benchmarks::rows * benchmarks::dim /
                                         2);  // as many bytes as the floats are
  constexpr bool exact = std::same_as<Format, quant::Float32>;
  constexpr double bytes = benchmarks::rows * benchmarks::dim * (exact ? 4.0 : 1.0625);
  std::vector<double> times;
  std::vector<double> shares;
  std::vector<double> reads;
  const benchmarks::OtherLoad others;
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) {
    reads.push_back(machines::read_bandwidth(View<const std::uint64_t>(words), all.threads));
    const auto some = benchmarks::view(queries).rows_at(batch == 1 ? at++ % 64 : 0, batch);
    times.push_back(seconds([&] { benchmark::DoNotOptimize(benchmarks::search(all.index, some).data()); }));
    state.SetIterationTime(times.back());
    shares.push_back(bytes / times.back() / reads.back());
  }
  state.counters["read_GB/s"] = median(reads) / 1e9;
  if (batch == 1) state.counters["share"] = median(shares);
  if (batch > 1)
    state.counters["GFLOP/s"] =
        2e-9 * benchmarks::rows * benchmarks::dim * static_cast<double>(batch) / median(times);
  state.counters["median_ms"] = 1e3 * median(times);
  state.counters["others"] = others.cores();
  state.counters["recall"] = benchmarks::recall(all.index, benchmarks::view(queries).rows_at(0, 64));
}

/// `times` is the time over that of an exact search without a filter.
template <class Format>
void filtered(benchmark::State& state) {
  Filled<Format>& all = filled<Format>(static_cast<std::size_t>(state.range(0)), true);
  const std::vector<float> queries = benchmarks::vectors(64, true, 99);
  Random random(3);
  knowledge::Filter filter = knowledge::Filter::none();
  for (std::uint32_t id = 0; id < benchmarks::rows; ++id) {
    if (random.below(1000) < static_cast<std::uint64_t>(state.range(1))) filter.allow({id});
  }
  std::vector<double> ratios;
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto query = benchmarks::view(queries).rows_at(at++ % 64, 1);
    const double exact = seconds([&] { benchmarks::search(all.index, query, {}, knowledge::Effort::exact()); });
    const double time = seconds([&] { benchmarks::search(all.index, query, filter); });
    state.SetIterationTime(time);
    ratios.push_back(time / exact);
  }
  state.counters["times"] = median(ratios);
  state.counters["recall"] = benchmarks::recall(all.index, benchmarks::view(queries), filter);
}

void batches(benchmark::internal::Benchmark* search) {
  for (const std::int64_t threads : {1, 2}) {
    for (const std::int64_t batch : {1, 64}) search->Args({threads, batch});
  }
  search->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2);
}
void shares(benchmark::internal::Benchmark* search) {
  for (const std::int64_t share : {1, 10, 100, 500}) search->Args({2, share});
  search->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2);
}

using Int8 = quant::Int8<32>;
using Float32 = quant::Float32;

BENCHMARK(search<Int8, false>)->Apply(batches);
BENCHMARK(search<Int8, true>)->Apply(batches);
BENCHMARK(search<Float32, false>)->Apply(batches);
BENCHMARK(filtered<Int8>)->Apply(shares);

}  // namespace

BENCHMARK_MAIN();
