// Norms, softmax, activation and rotation of one row, on one core, in the processor's cache.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/random.hpp"
#include "asterism/linalg/rms_norm.hpp"
#include "asterism/linalg/rotary.hpp"
#include "asterism/linalg/softmax.hpp"
#include "asterism/simd/silu.hpp"

using namespace asterism;

namespace {

std::vector<float> normal_row(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> row(size);
  for (float& value : row) value = static_cast<float>(random.normal());
  return row;
}

/// Runs f(x, y) on rows as wide as the benchmark's argument.
template <class F>
void on_rows(benchmark::State& state, F f) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::vector<float> x = normal_row(size, 1);
  std::vector<float> y = normal_row(size, 2);
  for ([[maybe_unused]] auto _ : state) {
    f(View<const float>(x), View<float>(y));
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void rms_norm(benchmark::State& state) {
  on_rows(state, [](View<const float> x, View<float> y) { linalg::rms_norm(x, x, 1e-5F, y); });
}

/// The row is its own result, and stays what it is: softmax of probabilities takes as long.
void softmax(benchmark::State& state) {
  on_rows(state, [](View<const float>, View<float> y) { linalg::softmax(y); });
}

void log_sum_exp(benchmark::State& state) {
  on_rows(state, [](View<const float> x, View<float> y) { y[0] = static_cast<float>(linalg::log_sum_exp(x)); });
}

void silu_multiply(benchmark::State& state) {
  on_rows(state, [](View<const float> x, View<float> y) { simd::silu_multiply(x, x, y); });
}

void rotary_table(benchmark::State& state) {
  on_rows(state, [](View<const float>, View<float> y) { linalg::rotary_table(1000, {1e6}, y); });
}

void rotate_half(benchmark::State& state) {
  std::vector<float> table(static_cast<std::size_t>(state.range(0)));
  linalg::rotary_table(1000, {1e6}, table);
  on_rows(state, [&](View<const float>, View<float> y) { linalg::rotate_half(y, table); });
}

BENCHMARK(rms_norm)->Arg(2048)->Arg(4096);
BENCHMARK(softmax)->Arg(8)->Arg(64)->Arg(512)->Arg(32000);
BENCHMARK(log_sum_exp)->Arg(32000);
BENCHMARK(silu_multiply)->Arg(7168)->Arg(14336);
BENCHMARK(rotary_table)->Arg(128);
BENCHMARK(rotate_half)->Arg(128);

}  // namespace

BENCHMARK_MAIN();
