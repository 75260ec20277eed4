// Encoding of weights at load time: weights a second, 16 matrices of 2048 x 4096 bfloat16 numbers in memory, which
// threads take in turn as `load` does. Argument: threads.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/backend/host.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/kernels.hpp"
#include "asterism/parallel/in_turn.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/half_precision.hpp"
#include "asterism/quant/nf4.hpp"

using namespace asterism;

namespace {

constexpr std::size_t matrices = 16;
constexpr std::uint64_t rows = 2048;
constexpr std::uint64_t cols = 4096;

template <class Format>
void encode(benchmark::State& state) {
  std::vector<std::uint16_t> numbers(rows * cols);
  Random random(1);
  for (std::uint16_t& bits : numbers)
    bits = quant::bfloat16_from_float(static_cast<float>(0.02 * random.normal()));
  const auto source = [&](std::uint64_t first, View<float> out) {
    for (std::size_t i = 0; i < out.size; ++i) out[i] = quant::float_from_bfloat16(numbers[first + i]);
  };
  const Bytes each = Format::planes(rows, cols).bytes();
  backend::Host device(0, each * matrices + 1_MiB,
                       std::make_shared<parallel::Threads>(static_cast<std::size_t>(state.range(0))));
  const backend::Buffer buffer = device.allocate(each * matrices, "benchmark");
  for ([[maybe_unused]] auto _ : state) {
    parallel::for_each_in_turn(device.execution(), matrices, [&](std::size_t i) {
      const backend::DeviceWeights<Format> weights{buffer.data() + i * each.count, rows, cols, 0};
      device.write(weights, [&](const auto& host) { Format::encode(source, rows, cols, host.data); });
    });
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(matrices * rows * cols));
}

BENCHMARK(encode<quant::Nf4<64, quant::DoubleQuantized>>)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK(encode<quant::Int4<>>)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK(encode<quant::Int8<>>)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
