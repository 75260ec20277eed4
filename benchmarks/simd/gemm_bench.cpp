// Products of float32 matrices on all threads: x W^T, g W and g^T x of a layer with many rows, as a share of what the
// processor can add and multiply, and those of its experts, as a share of one product of the same work.
//
// Run it on a quiet machine; ASTERISM_SIMD chooses the instruction set. Arguments: outputs / inputs / threads.
// benchmarks/peers/torch_gemm.py measures PyTorch's for the same sizes.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/backend/host_gemm.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/float_peak.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/simd/gemm.hpp"
#include "asterism/simd/level.hpp"

using namespace asterism;
using backend::HostGemm;
using simd::Gemm;
using simd::GemmOperand;

namespace {

enum class Form { forward, inputs, weights };

/// Experts of one layer with as many rows each, weights (outputs, inputs).
class Layer {
 public:
  Layer(std::size_t experts, std::size_t rows, std::size_t outputs, std::size_t inputs)
      : rows_(rows),
        x_(matrix(experts * rows, inputs)),
        g_(matrix(experts * rows, outputs)),
        w_(matrix(experts * outputs, inputs)),
        y_(matrix(experts * rows, outputs)),
        dx_(matrix(experts * rows, inputs)),
        dw_(matrix(experts * outputs, inputs)),
        outputs_(outputs) {}

  Gemm product(Form form, std::size_t expert) const {
    const std::size_t row = expert * rows_;
    const auto x = GemmOperand::of(x_.rows_at(row, rows_));
    const auto g = GemmOperand::of(g_.rows_at(row, rows_));
    const auto w = GemmOperand::of(w_.rows_at(expert * outputs_, outputs_));
    if (form == Form::forward) return {x, w.transposed(), y_.rows_at(row, rows_)};
    if (form == Form::inputs) return {g, w, dx_.rows_at(row, rows_)};
    return {g.transposed(), x, dw_.rows_at(expert * outputs_, outputs_)};
  }

 private:
  MatrixView<float> matrix(std::size_t rows, std::size_t cols) {
    buffers_.push_back(arena_.allocate({rows * cols * sizeof(float)}, "matrices"));
    const MatrixView<float> out(reinterpret_cast<float*>(buffers_.back().data()), rows, cols);
    Random random(buffers_.size());
    for (std::size_t i = 0; i < rows * cols; ++i) out.data[i] = static_cast<float>(random.uniform()) - 0.5F;
    return out;
  }

  backend::Arena arena_{0, 1_GiB};
  std::vector<backend::Buffer> buffers_;
  std::size_t rows_;
  MatrixView<float> x_, g_, w_, y_, dx_, dw_;
  std::size_t outputs_;
};

class Products {
 public:
  explicit Products(std::size_t threads) : threads_(threads), products_(parallel::ExecutionRef(threads_)) {
    products_.keep(arena_.allocate(HostGemm::scratch(), "products"));
  }

  double seconds(const Layer& layer, std::size_t experts, Form form) {
    const auto start = std::chrono::steady_clock::now();
    products_.multiply(experts, [&](std::size_t e) { return layer.product(form, e); });
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  double peak() { return machines::float_peak(threads_); }

 private:
  parallel::Threads threads_;
  backend::Arena arena_{0, HostGemm::scratch()};
  HostGemm products_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Sizes {
  std::size_t outputs, inputs, threads;

  explicit Sizes(const benchmark::State& state)
      : outputs(static_cast<std::size_t>(state.range(0))),
        inputs(static_cast<std::size_t>(state.range(1))),
        threads(static_cast<std::size_t>(state.range(2))) {}
  double operations(std::size_t rows) const { return 2 * static_cast<double>(rows * outputs * inputs); }
};

void dense(benchmark::State& state, Form form) {
  constexpr std::size_t rows = 2048;
  const Sizes sizes(state);
  const Layer layer(1, rows, sizes.outputs, sizes.inputs);
  Products products(sizes.threads);
  std::vector<double> rates;
  for ([[maybe_unused]] auto _ : state) {
    const double time = products.seconds(layer, 1, form);
    state.SetIterationTime(time);
    rates.push_back(sizes.operations(rows) / time);
  }
  state.counters["GFLOP/s"] = median(rates) / 1e9;
  state.counters["of_peak"] = median(rates) / products.peak();
}

void grouped(benchmark::State& state, Form form) {
  constexpr std::size_t experts = 8;
  constexpr std::size_t rows = 128;
  const Sizes sizes(state);
  const Layer layer(experts, rows, sizes.outputs, sizes.inputs);
  const Layer together(1, experts * rows, sizes.outputs, sizes.inputs);
  Products products(sizes.threads);
  std::vector<double> rates;
  std::vector<double> shares;
  for ([[maybe_unused]] auto _ : state) {
    const double time = products.seconds(layer, experts, form);
    state.SetIterationTime(time);
    rates.push_back(sizes.operations(experts * rows) / time);
    shares.push_back(products.seconds(together, 1, form) / time);
  }
  state.counters["GFLOP/s"] = median(rates) / 1e9;
  state.counters["of_dense"] = median(shares);
}

void all(const char* name, Form form) {
  const std::string level = "/" + std::string(simd::name(simd::level()));
  auto* many_rows = benchmark::RegisterBenchmark((std::string(name) + " of 2048 rows" + level).c_str(),
                                                 [form](benchmark::State& state) { dense(state, form); });
  auto* experts = benchmark::RegisterBenchmark((std::string(name) + " of 8 experts with 128 rows" + level).c_str(),
                                               [form](benchmark::State& state) { grouped(state, form); });
  for (const std::int64_t threads : {1, 2}) {
    many_rows->Args({512, 1024, threads})->Args({1024, 512, threads})->Args({2048, 2048, threads});
    experts->Args({512, 1024, threads})->Args({64, 128, threads});
  }
  for (auto* one : {many_rows, experts}) {
    one->ArgNames({"outputs", "inputs", "threads"})->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.5);
  }
}

}  // namespace

int main(int argc, char** argv) {
  all("x W^T", Form::forward);
  all("g W", Form::inputs);
  all("g^T x", Form::weights);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
