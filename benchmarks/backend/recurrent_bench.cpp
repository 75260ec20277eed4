// The operations of Gated DeltaNet at Qwen3-Next's sizes: 16 key heads, 32 value heads, 128 x 128.
//
// prefill: delta_rule over 512 rows of one sequence. `flops` are those of three multiply-adds an element of the state a
// row (what the key and the query make of it, and its change; the decay is a fourth instruction); `share` is their part
// of the fused multiply-adds that the threads can do, so 0.75 is the most there is.
//
// decode: delta_rule over one row each of many sequences in turn, whose states have 1 GiB together, beyond most
// processors' caches. Bytes a second are those read and written; `share` is their part of what copying moves, measured
// right before and after each round. `apart` reads one state and writes another, as a pass that may be taken back does,
// `in_place` changes it.
//
// convolution, gates, norm: the other three over 512 rows, or one. Argument of all: threads.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/delta_heads.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/float_peak.hpp"
#include "asterism/parallel/threads.hpp"

using namespace asterism;

namespace {

constexpr backend::DeltaHeads heads{.key_heads = 16, .value_heads = 32, .key_width = 128, .value_width = 128};
constexpr std::size_t chunk = 512;
constexpr std::size_t kernel = 4;
constexpr std::size_t state_floats = heads.state_rows() * heads.value_width;

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Operands of a chunk, with values between -0.5 and 0.5, decays between 0.5 and 1 and betas between 0 and 1.
struct Operands {
  std::shared_ptr<parallel::Threads> execution;
  backend::Host device;
  backend::Buffer buffer = device.allocate(128_MiB, "benchmark");
  backend::Layout cursor{buffer};
  backend::DeviceMatrix<float> x = random(chunk, heads.qkv_columns());
  backend::DeviceMatrix<float> qkv = random(chunk, heads.qkv_columns());
  backend::DeviceMatrix<float> taps = random(heads.qkv_columns(), kernel);
  backend::DeviceMatrix<float> rows = random(kernel - 1, heads.qkv_columns());
  backend::DeviceMatrix<float> ba = random(chunk, 2 * heads.value_heads);
  backend::DeviceMatrix<float> rate = random(1, heads.value_heads);
  backend::DeviceMatrix<float> decay = random(chunk, heads.value_heads);
  backend::DeviceMatrix<float> beta = random(chunk, heads.value_heads);
  backend::DeviceMatrix<float> before = random(heads.state_rows(), heads.value_width);
  backend::DeviceMatrix<float> after = random(heads.state_rows(), heads.value_width);
  backend::DeviceMatrix<float> weight = random(1, heads.value_width);
  backend::DeviceMatrix<float> z = random(chunk, heads.value_columns());
  backend::DeviceMatrix<float> out = random(chunk, heads.value_columns());

  explicit Operands(std::size_t threads)
      : execution(std::make_shared<parallel::Threads>(threads)), device(0, 3_GiB, execution) {
    for (std::size_t i = 0; i < chunk; ++i) {
      for (float& value : decay.view.row(i)) value = 0.75F + value / 2;
      for (float& value : beta.view.row(i)) value += 0.5F;
    }
  }
  backend::DeviceMatrix<float> random(std::size_t n, std::size_t cols) {
    const auto to = cursor.matrix<float>(n, cols);
    Random values(n + cols);
    for (std::size_t i = 0; i < n; ++i) {
      for (float& value : to.view.row(i)) value = static_cast<float>(values.uniform() - 0.5);
    }
    return to;
  }
};

void prefill(benchmark::State& state) {
  Operands all(static_cast<std::size_t>(state.range(0)));
  double peak = machines::float_peak(*all.execution);
  const auto start = Clock::now();
  for ([[maybe_unused]] auto _ : state) {
    all.device.delta_rule(heads, all.qkv, all.decay, all.beta, all.before, all.after, all.out);
    benchmark::ClobberMemory();
  }
  const double seconds = seconds_since(start);
  peak = std::max(peak, machines::float_peak(*all.execution));
  const double flops = 6.0 * chunk * state_floats * static_cast<double>(state.iterations()) / seconds;
  state.counters["flops"] = flops;
  state.counters["share"] = peak > 0 ? flops / peak : 0;
}

/// Bytes a second, read and written, of copying one buffer into another.
double copy_bandwidth(parallel::Threads& execution, const backend::Buffer& from, const backend::Buffer& to) {
  constexpr std::size_t piece = std::size_t{4} << 20U;
  const auto start = Clock::now();
  execution.for_each_task(from.size().count / piece, [&](std::size_t i) {
    std::memcpy(to.data() + i * piece, from.data() + i * piece, piece);
  });
  return 2 * static_cast<double>(from.size().count) / seconds_since(start);
}

void decode(benchmark::State& state, bool in_place) {
  Operands all(static_cast<std::size_t>(state.range(0)));
  const backend::Buffer states[] = {all.device.allocate(1_GiB, "states"), all.device.allocate(1_GiB, "states")};
  for (const backend::Buffer& some : states) {
    std::fill_n(reinterpret_cast<float*>(some.data()), some.size().count / sizeof(float), 0.01F);
  }
  const std::size_t sequences = states[0].size().count / (state_floats * sizeof(float));
  const double bytes = 2 * static_cast<double>(states[0].size().count);
  std::vector<double> shares;
  double copied = copy_bandwidth(*all.execution, states[0], states[1]);
  for ([[maybe_unused]] auto _ : state) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < sequences; ++i) {
      const auto of = [&](const backend::Buffer& some) {
        return backend::matrix_in<float>(some, i * state_floats * sizeof(float), heads.state_rows(),
                                         heads.value_width);
      };
      all.device.delta_rule(heads, all.qkv.rows_at(i, 1), all.decay.rows_at(i, 1), all.beta.rows_at(i, 1),
                            of(states[0]), of(states[in_place ? 0 : 1]), all.out.rows_at(i, 1));
    }
    const double seconds = seconds_since(start);
    state.SetIterationTime(seconds);
    const double again = copy_bandwidth(*all.execution, states[0], states[1]);
    shares.push_back(bytes / seconds / std::max(copied, again));
    copied = again;
  }
  std::sort(shares.begin(), shares.end());
  state.counters["share"] = shares[shares.size() / 2];
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

enum class Other { convolution, gates, norm };
void other(benchmark::State& state, Other operation) {
  Operands all(static_cast<std::size_t>(state.range(0)));
  const auto n = static_cast<std::size_t>(state.range(1));
  const auto some = [n](const backend::DeviceMatrix<float>& matrix) { return matrix.rows_at(0, n); };
  for ([[maybe_unused]] auto _ : state) {
    switch (operation) {
      case Other::convolution:
        all.device.causal_convolution(some(all.x), all.taps, all.rows, all.rows, some(all.qkv));
        break;
      case Other::gates:
        all.device.delta_gates(heads, some(all.ba), all.rate, all.rate, some(all.decay), some(all.beta));
        break;
      case Other::norm:
        all.device.gated_rms_norm(some(all.out), all.weight, 1e-6F, some(all.z), some(all.out));
        break;
    }
    benchmark::ClobberMemory();
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const std::int64_t threads : {1, 2}) {
    benchmark::RegisterBenchmark("prefill", prefill)->ArgName("threads")->Arg(threads)->UseRealTime();
    for (const bool in_place : {false, true}) {
      benchmark::RegisterBenchmark(in_place ? "decode/in_place" : "decode/apart", decode, in_place)
          ->ArgName("threads")
          ->Arg(threads)
          ->UseManualTime()
          ->Iterations(7);
    }
    for (const std::int64_t rows : {512, 1}) {
      const auto add = [&](const char* name, Other operation) {
        benchmark::RegisterBenchmark(name, other, operation)
            ->ArgNames({"threads", "rows"})
            ->Args({threads, rows})
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
      };
      add("convolution", Other::convolution);
      add("gates", Other::gates);
      add("norm", Other::norm);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
