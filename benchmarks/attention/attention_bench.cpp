// Attention over caches of each format of keys and values: 32 heads on 8 KV heads of 128, as Mixtral 8x7B has them.
//
// decode: one new position over a long context. Bytes a second are those of the keys and values read; `share` is their
// part of what the threads can read from memory at all. Layers take turns, in so many that together they have more than
// 1 GiB, beyond most processors' caches. Arguments: positions / threads. decode_one_head: the same for 4 heads on a
// single KV head, whose positions go to all threads.
//
// prefill: 512 rows, the last of so many positions. `flops` are those of the two products over what each row sees;
// `share` is their part of the fused multiply-adds that the threads can do. Arguments: positions / threads.
//
// append: 512 rows stored. Bytes a second are those of the float32 rows.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/float_peak.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/shape/catalogue.hpp"

using namespace asterism;

namespace {

constexpr Shape eight_heads = shapes::mixtral_8x7b;
constexpr Shape one_head = [] {
  Shape shape = shapes::mixtral_8x7b;
  shape.heads = 4;
  shape.kv_heads = 1;
  return shape;
}();
constexpr std::size_t chunk = 512;

void randomise(MatrixView<float> rows) {
  Random random(1);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (float& value : rows.row(i)) value = static_cast<float>(random.uniform() - 0.5);
  }
}

/// More than 1 GiB of memory like that of the caches, all of it written.
View<const std::uint64_t> words_to_read() {
  static backend::Arena arena(0, 2_GiB);
  static const backend::Buffer buffer = arena.allocate(1_GiB + 64_MiB, "reading");
  static const View<std::uint64_t> words = [] {
    const View<std::uint64_t> all(reinterpret_cast<std::uint64_t*>(buffer.data()),
                                  buffer.size().count / sizeof(std::uint64_t));
    std::fill(all.begin(), all.end(), 1);
    return all;
  }();
  return words;
}

double measured_bandwidth(std::size_t threads) {
  static std::vector<double> best(65);
  parallel::Threads execution(threads);
  best[threads] = std::max(best[threads], machines::read_bandwidth(words_to_read(), execution));
  return best[threads];
}

double measured_peak(std::size_t threads) {
  static std::vector<double> best(65);
  parallel::Threads execution(threads);
  best[threads] = std::max(best[threads], machines::float_peak(execution));
  return best[threads];
}

/// So many layers have more than 1 GiB together.
template <class Format>
std::size_t layers_beyond_caches(const Shape& shape, std::size_t positions) {
  const Limits limits{.context = static_cast<std::int32_t>(positions)};
  const Bytes each = attention::StaticKvCache<Format>::layer_bytes(shape, limits);
  std::size_t layers = 1;
  while (each * layers <= 1_GiB) ++layers;
  return layers;
}

/// A cache full of random rows, and as many queries as a chunk has.
template <class Format>
struct Filled {
  Shape shape;
  std::size_t positions;
  std::int32_t layers;
  backend::Host device;
  backend::Buffer buffer = device.allocate(32_MiB, "benchmark");
  backend::Layout cursor{buffer};
  backend::DeviceMatrix<float> rows = cursor.matrix<float>(chunk, static_cast<std::size_t>(shape.kv_width()));
  backend::DeviceMatrix<float> queries =
      cursor.matrix<float>(chunk, static_cast<std::size_t>(shape.query_width()));
  backend::DeviceMatrix<float> out = cursor.matrix<float>(chunk, static_cast<std::size_t>(shape.query_width()));
  attention::StaticKvCache<Format> cache;

  Filled(const Shape& of, std::size_t positions_each, std::size_t n_layers, std::size_t threads)
      : shape(of),
        positions(positions_each),
        layers(static_cast<std::int32_t>(n_layers)),
        device(0, 4_GiB, std::make_shared<parallel::Threads>(threads)),
        cache(device, shape, Limits{.context = static_cast<std::int32_t>(positions_each)}, 0, layers) {
    randomise(rows.view);
    randomise(queries.view);
    for (std::int32_t layer = 0; layer < layers; ++layer) {
      for (std::size_t first = 0; first < positions; first += chunk) append(layer, first);
    }
  }

  void append(std::int32_t layer, std::size_t first) { cache.append(device, layer, first, rows, rows); }
};

std::size_t argument(const benchmark::State& state, int i) { return static_cast<std::size_t>(state.range(i)); }

/// Runs what is measured; how many times as much as `limit` a second it does, `each` time so much.
template <class F>
double share(benchmark::State& state, double each, double limit, F&& f) {
  const auto start = std::chrono::steady_clock::now();
  for ([[maybe_unused]] auto _ : state) {
    f();
    benchmark::ClobberMemory();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return limit > 0 ? each * static_cast<double>(state.iterations()) / seconds / limit : 0;
}

template <class Format, const Shape& shape>
void decode(benchmark::State& state) {
  const std::size_t positions = argument(state, 0);
  Filled<Format> filled(shape, positions, layers_beyond_caches<Format>(shape, positions), argument(state, 1));
  const double bandwidth = measured_bandwidth(argument(state, 1));
  const double bytes = static_cast<double>(filled.cache.bytes().count) / filled.layers;
  std::int32_t layer = 0;
  state.counters["share"] = share(state, bytes, bandwidth, [&] {
    filled.device.attend(filled.queries.rows_at(0, 1), filled.cache.view(layer), positions - 1, 0,
                         filled.out.rows_at(0, 1));
    layer = (layer + 1) % filled.layers;
  });
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

template <class Format>
void prefill(benchmark::State& state) {
  const std::size_t first = argument(state, 0) - chunk;
  Filled<Format> filled(eight_heads, argument(state, 0), 1, argument(state, 1));
  const double peak = measured_peak(argument(state, 1));
  const double seen = static_cast<double>(chunk) * (static_cast<double>(first) + (chunk + 1) / 2.0);
  const double operations = 4.0 * seen * static_cast<double>(eight_heads.query_width());
  state.counters["share"] = share(state, operations, peak, [&] {
    filled.device.attend(filled.queries, filled.cache.view(0), first, 0, filled.out);
  });
  state.counters["flops"] =
      benchmark::Counter(operations * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

template <class Format>
void append(benchmark::State& state) {
  Filled<Format> filled(eight_heads, argument(state, 0), 1, argument(state, 1));
  for ([[maybe_unused]] auto _ : state) filled.append(0, 0);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(chunk * 2 * sizeof(float)) *
                          eight_heads.kv_width());
}

template <class Format>
void formats(const std::string& name) {
  const auto add = [&](const char* what, void (*run)(benchmark::State&), std::int64_t positions) {
    for (const std::int64_t threads : {1, 2}) {
      benchmark::RegisterBenchmark((what + ("/" + name)).c_str(), run)
          ->ArgNames({"positions", "threads"})
          ->Args({positions, threads})
          ->MinTime(0.3)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    }
  };
  for (const std::int64_t positions : {1024, 8192, 32768}) add("decode", decode<Format, eight_heads>, positions);
  for (const std::int64_t positions : {8192, 32768}) add("decode_one_head", decode<Format, one_head>, positions);
  for (const std::int64_t positions : {512, 8192}) add("prefill", prefill<Format>, positions);
  add("append", append<Format>, chunk);
}

}  // namespace

int main(int argc, char** argv) {
  formats<quant::Float32>("float32");
  formats<quant::Float16>("float16");
  formats<quant::Int8<>>("int8");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
