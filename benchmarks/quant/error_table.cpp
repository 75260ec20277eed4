// What each format costs in bits and loses in accuracy: relative RMS error on Gaussian weights (rms_%) and on heavy
// tails (heavy_rms_%: Student's t with 4 degrees of freedom, of which one in 1800 has a magnitude above ten), and
// the time to encode and decode. The columns bits, stored_bits (of a matrix of 1024 x 4096), rms_% and
// heavy_rms_% are deterministic; the speeds are one core's.
#include <cmath>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"

using namespace asterism;

namespace {

constexpr std::uint64_t rows = 1024;
constexpr std::uint64_t cols = 4096;

template <class Draw>
std::vector<float> weights(Draw draw) {
  Random random(1);
  std::vector<float> values(rows * cols);
  for (float& value : values) value = static_cast<float>(0.02 * draw(random));
  return values;
}

const std::vector<float>& gaussian() {
  static const std::vector<float> values = weights([](Random& random) { return random.normal(); });
  return values;
}

/// Student's t: a normal value over the root of a mean of four squared ones.
const std::vector<float>& heavy_tailed() {
  static const std::vector<float> values = weights([](Random& random) {
    double squares = 0;
    for (int i = 0; i < 4; ++i) squares += std::pow(random.normal(), 2);
    return random.normal() / std::sqrt(squares / 4);
  });
  return values;
}

template <class Q>
double relative_rms_percent(const std::vector<float>& values) {
  const quant::FloatWeights source{values};
  std::vector<std::uint64_t> bytes(Q::planes(rows, cols).bytes().count / 8);
  auto* out = reinterpret_cast<std::byte*>(bytes.data());
  Q::encode(source, rows, cols, out);
  std::vector<float> decoded(rows * cols);
  Q::decode({out, rows, cols}, 0, decoded);
  double error = 0;
  double total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = double{values[i]} - double{decoded[i]};
    error += difference * difference;
    total += double{values[i]} * double{values[i]};
  }
  return 100 * std::sqrt(error / total);
}

template <class Q>
void encode(benchmark::State& state) {
  const quant::FloatWeights source{gaussian()};
  std::vector<std::uint64_t> bytes(Q::planes(rows, cols).bytes().count / 8);
  auto* out = reinterpret_cast<std::byte*>(bytes.data());
  for ([[maybe_unused]] auto _ : state) Q::encode(source, rows, cols, out);

  const double weights = static_cast<double>(rows * cols);
  state.counters["bits"] = Q::bits_per_weight;
  state.counters["stored_bits"] = static_cast<double>(Q::planes(rows, cols).bytes().count) * 8 / weights;
  state.counters["rms_%"] = relative_rms_percent<Q>(gaussian());
  state.counters["heavy_rms_%"] = relative_rms_percent<Q>(heavy_tailed());
  state.counters["weights/s"] = benchmark::Counter(weights, benchmark::Counter::kIsIterationInvariantRate);
}

template <class Q>
void decode(benchmark::State& state) {
  const quant::FloatWeights source{gaussian()};
  std::vector<std::uint64_t> bytes(Q::planes(rows, cols).bytes().count / 8);
  auto* out = reinterpret_cast<std::byte*>(bytes.data());
  Q::encode(source, rows, cols, out);
  std::vector<float> decoded(4096);
  for ([[maybe_unused]] auto _ : state) {
    for (std::uint64_t first = 0; first < rows * cols; first += decoded.size()) {
      Q::decode({out, rows, cols}, first, decoded);
      benchmark::DoNotOptimize(decoded.data());
    }
  }
  state.counters["weights/s"] =
      benchmark::Counter(static_cast<double>(rows * cols), benchmark::Counter::kIsIterationInvariantRate);
}

template <class... Qs>
void add() {
  (benchmark::RegisterBenchmark(("encode " + Qs::name()).c_str(), encode<Qs>)->Unit(benchmark::kMillisecond), ...);
  (benchmark::RegisterBenchmark(("decode " + Qs::name()).c_str(), decode<Qs>)->Unit(benchmark::kMillisecond), ...);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace asterism::quant;
  add<Float32, BFloat16, Float16, Nf4<64>, Nf4<64, DoubleQuantized>, Nf4<64, DoubleQuantized, LeastSquares>,
      Nf4<64, DoubleQuantized, SignedLeastSquares>, Nf4<64, PlainScales, LeastSquares>,
      Nf4<64, PlainScales, SignedLeastSquares>, Nf4<32, DoubleQuantized>, Nf4<128, DoubleQuantized, LeastSquares>,
      Int8<>, Int8<32, LeastSquares>, Int8<128>, Int4<>, Int4<32, LeastSquares>, Int4<32, SignedLeastSquares>,
      Int4<128>, Int4<128, LeastSquares>, Int4<128, SignedLeastSquares>, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K,
      Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4>();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
