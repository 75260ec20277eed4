// Reading the header of a safetensors file that is in memory. Argument: tensors; Mixtral 8x7B has 995.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <benchmark/benchmark.h>

#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"

using namespace asterism;

namespace {

/// A file of tensors of one element, with names as in Mixtral.
std::string file_of(std::int64_t tensors) {
  std::string header = "{";
  for (std::int64_t t = 0; t < tensors; ++t) {
    header +=
        concat(t == 0 ? "" : ",", "\"model.layers.", t / 30, ".block_sparse_moe.experts.", t % 30,
               ".w1.weight\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[", 4 * t, ",", 4 * t + 4, "]}");
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const std::uint64_t size = header.size();
  std::string file(sizeof size, '\0');
  std::memcpy(file.data(), &size, sizeof size);
  return file + header + std::string(static_cast<std::size_t>(4 * tensors), '\0');
}

void header(benchmark::State& state) {
  const std::string file = file_of(state.range(0));
  const View<const std::byte> bytes(reinterpret_cast<const std::byte*>(file.data()), file.size());
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(checkpoint::parse_safetensors(bytes, "benchmark"));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(header)->ArgName("tensors")->Arg(100)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
