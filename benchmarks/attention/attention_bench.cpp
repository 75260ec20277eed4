// Attention of one new position over a long context, for each format of keys and values: Mixtral 8x7B's 32 heads
// on 8 KV heads of 128. Bytes a second are those of the keys and values read. Layers take turns, so that together
// they exceed the processor's caches. Arguments: positions / threads.
#include <cstddef>
#include <cstdint>
#include <memory>

#include <benchmark/benchmark.h>

#include "asterism/attention/bounded_kv.hpp"
#include "asterism/backend/cursor.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/integers.hpp"
#include "asterism/shape/catalogue.hpp"

using namespace asterism;

namespace {

constexpr Shape shape = shapes::mixtral_8x7b;
constexpr std::size_t all_positions = std::size_t{1} << 18U;  // of all layers: 512 MiB as Int8, 1 GiB as Float16
constexpr std::size_t chunk = 1024;

void randomise(MatrixView<float> rows) {
  Random random(1);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (float& value : rows.row(i)) value = static_cast<float>(random.uniform() - 0.5);
  }
}

template <class Format>
void decode(benchmark::State& state) {
  const auto positions = static_cast<std::size_t>(state.range(0));
  const auto layers = static_cast<std::int32_t>(all_positions / positions);
  backend::Host device(0, 4_GiB, std::make_shared<parallel::Threads>(static_cast<std::size_t>(state.range(1))));
  const backend::Buffer buffer = device.allocate(64_MiB, "benchmark");
  backend::Cursor cursor(buffer);
  const auto rows = cursor.matrix<float>(chunk, static_cast<std::size_t>(shape.kv_width()));
  const auto query = cursor.matrix<float>(1, static_cast<std::size_t>(shape.query_width()));
  const auto out = cursor.matrix<float>(1, static_cast<std::size_t>(shape.query_width()));
  randomise(rows.view);
  randomise(query.view);
  const Limits limits{.context = static_cast<std::int32_t>(positions)};
  attention::BoundedKv<Format> cache(device, shape, limits, 0, layers);
  for (std::int32_t layer = 0; layer < layers; ++layer) {
    for (std::size_t first = 0; first < positions; first += chunk) cache.append(device, layer, first, rows, rows);
  }
  std::int32_t layer = 0;
  for ([[maybe_unused]] auto _ : state) {
    device.attend(query, cache.view(layer), positions - 1, 0, out);
    benchmark::ClobberMemory();
    layer = (layer + 1) % layers;
  }
  const auto bytes = static_cast<std::int64_t>(cache.bytes().count) / layers;
  state.SetBytesProcessed(state.iterations() * bytes);
}

/// A fixed number of iterations, because the caches are filled again whenever their number is tried.
template <class Format>
void lengths(const char* name) {
  for (const std::int64_t positions : {4096, 32768}) {
    for (const std::int64_t threads : {1, 2}) {
      benchmark::RegisterBenchmark(name, decode<Format>)
          ->ArgNames({"positions", "threads"})
          ->Args({positions, threads})
          ->Iterations(4 * static_cast<std::int64_t>(all_positions) / positions)
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  lengths<quant::Float32>("float32");
  lengths<quant::Float16>("float16");
  lengths<quant::Int8<>>("int8");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
