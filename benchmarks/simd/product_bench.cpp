// Products on stored weights: bytes of weights a second for one row, as a share of the read bandwidth measured
// between the passes of the same run, and floating-point operations a second for many rows.
//
// The weights are random bits that take more than 1 GiB, because less would measure the processor's cache. Run it
// on a quiet machine; ASTERISM_SIMD chooses the instruction set. Arguments of the benchmarks: threads / rows.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/product.hpp"

using namespace asterism;

namespace {

constexpr std::uint64_t outputs = 14336;  // an expert's gate in Mixtral 8x7B
constexpr std::uint64_t cols = 4096;
constexpr std::uint64_t weights_at_least = (1_GiB).count + (64_MiB).count;

template <class Q>
class Weights {
 public:
  Weights() {
    const std::uint64_t each = Q::planes(outputs, cols).bytes().count;
    count_ = weights_at_least / each + 1;
    storage_.resize((count_ * each + alignment) / 8);
    Random random(1);
    for (std::uint64_t& word : storage_)
      word = (random() & 0x00FF00FF00FF00FFU) | 0x3C003C003C003C00U;  // as bfloat16: near 0.02; as float16: near 1
    for (std::uint64_t i = 0; i < count_; ++i) set_scales(matrix(i));
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t bytes() const { return count_ * Q::planes(outputs, cols).bytes().count; }
  quant::KernelMatrixRef<Q> matrix(std::uint64_t i) const {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    const auto* first = reinterpret_cast<const std::byte*>(storage_.data()) + (aligned(address) - address);
    return {first + i * Q::planes(outputs, cols).bytes().count, outputs, cols};
  }
  View<const std::uint64_t> words() const { return storage_; }

 private:
  static void set_scales(quant::KernelMatrixRef<Q> matrix) {
    constexpr quant::Planes planes = Q::planes(outputs, cols);
    for (const char* name : {"nested_absmax", "offset"}) {
      const quant::Plane* plane = planes.find(name);
      if (plane == nullptr) continue;
      const float scale = 0.01F;
      for (std::uint64_t at = 0; at < plane->bytes; at += 4) {
        std::memcpy(const_cast<std::byte*>(matrix.data) + plane->offset + at, &scale, 4);
      }
    }
  }

  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> storage_;
};

template <class Q>
const Weights<Q>& weights() {
  static const Weights<Q> all;
  return all;
}

/// Calls work(thread) on that many threads and returns the seconds until the last has finished.
template <class Work>
double seconds(std::uint64_t threads, Work work) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (std::uint64_t t = 1; t < threads; ++t) others.emplace_back(work, t);
  work(0);
  for (std::thread& other : others) other.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Exact activations, or in 8 bits where `InIntegers`: what turns them into integers is not measured.
template <class Q, bool InIntegers>
void product(benchmark::State& state) {
  const auto threads = static_cast<std::uint64_t>(state.range(0));
  const auto rows = static_cast<std::size_t>(state.range(1));
  const Weights<Q>& all = weights<Q>();
  parallel::Threads readers(threads);
  const std::uint64_t matrices = rows == 1 ? all.count() : 1 + 32 / rows;
  Random random(2);
  std::vector<float> x(rows * cols);
  for (float& value : x) value = static_cast<float>(random.normal());
  std::vector<float> y(rows * outputs);
  std::vector<std::uint64_t> memory(simd::Rows8::bytes(rows, cols).count / 8 + 8);
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  std::byte* first = reinterpret_cast<std::byte*>(memory.data()) + (aligned(address) - address);
  simd::Rows8 integers = simd::Rows8::in(first, rows, cols, {});
  if constexpr (InIntegers) {
    integers.order = simd::activation_order<Q>;
    for (std::size_t i = 0; i < rows; ++i) simd::to_activations8(x.data() + i * cols, integers, i, 0, cols);
  }
  std::vector<double> shares;
  std::vector<double> rates;
  std::vector<double> reads;
  for ([[maybe_unused]] auto _ : state) {
    const double read = rows == 1 ? machines::read_bandwidth(all.words(), readers) : 0;
    const double time = seconds(threads, [&](std::uint64_t thread) {
      const std::uint64_t share = outputs / threads;
      for (std::uint64_t i = 0; i < matrices; ++i) {
        const MatrixView<float> results(y.data(), rows, outputs);
        if constexpr (InIntegers) {
          simd::product(all.matrix(i), integers, results, thread * share, share);
        } else {
          const MatrixView<const float> exact(x.data(), rows, cols);
          simd::product(all.matrix(i), exact, results, thread * share, share);
        }
      }
    });
    state.SetIterationTime(time);
    const double products = static_cast<double>(matrices * outputs * cols);
    if (rows == 1) {
      rates.push_back(static_cast<double>(all.bytes()) / time);
      reads.push_back(read);
      shares.push_back(rates.back() / read);
    } else {
      rates.push_back(2 * static_cast<double>(rows) * products / time);
    }
    benchmark::DoNotOptimize(y.data());
  }
  if (rows == 1) {
    state.counters["GB/s"] = median(rates) / 1e9;
    state.counters["read_GB/s"] = median(reads) / 1e9;
    state.counters["share"] = median(shares);
  } else {
    state.counters["GFLOP/s"] = median(rates) / 1e9;
  }
}

using Nf4Nested = quant::Nf4<64, quant::DoubleQuantized>;

template <class Q, bool InIntegers = false>
void sizes(const char* name) {
  benchmark::RegisterBenchmark((std::string(name) + "/" + std::string(simd::name(simd::level()))).c_str(),
                               product<Q, InIntegers>)
      ->ArgNames({"threads", "rows"})
      ->ArgsProduct({{1, 2}, {1, 8, 32, 128}})
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->MinTime(2);
}

}  // namespace

int main(int argc, char** argv) {
  sizes<Nf4Nested, true>("nf4 double-quantized, 8-bit activations");
  sizes<quant::Int4<>, true>("int4 group 32, 8-bit activations");
  sizes<quant::Int8<>, true>("int8 group 32, 8-bit activations");
  sizes<quant::Q4_0, true>("Q4_0, 8-bit activations");
  sizes<quant::Q8_0, true>("Q8_0, 8-bit activations");
  sizes<quant::IQ4_NL, true>("IQ4_NL, 8-bit activations");
  sizes<quant::Q4_K, true>("Q4_K, 8-bit activations");
  sizes<quant::Q5_K, true>("Q5_K, 8-bit activations");
  sizes<quant::Q6_K, true>("Q6_K, 8-bit activations");
  sizes<Nf4Nested>("nf4 double-quantized");
  sizes<quant::Int4<>>("int4 group 32");
  sizes<quant::Int8<>>("int8 group 32");
  sizes<quant::Q4_0>("Q4_0");
  sizes<quant::Q8_0>("Q8_0");
  sizes<quant::IQ4_NL>("IQ4_NL");
  sizes<quant::Q4_K>("Q4_K");
  sizes<quant::Q6_K>("Q6_K");
  sizes<quant::Q5_K>("Q5_K");
  sizes<quant::BFloat16>("bfloat16");
  sizes<quant::Float32>("float32");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
