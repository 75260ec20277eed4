// A layer of experts and a whole small model, one step of training each: forward, backward, and for the model the
// update.
//
// Run it on a quiet machine. Argument: threads. benchmarks/peers/torch_training.py measures PyTorch's with the same
// sizes.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/random.hpp"
#include "asterism/train/trainer.hpp"

using namespace asterism;

namespace {

constexpr std::size_t rows = 2048;

Shape layer_shape() {
  Shape out;
  out.hidden = 512;
  out.ffn = 1024;
  out.dense_ffn = 2048;  // the work of two experts
  out.layers = 1;
  out.experts = 8;
  out.top_k = 2;
  return out;
}

std::unique_ptr<backend::TrainingHost> host(std::int64_t threads) {
  const auto count = static_cast<std::size_t>(threads);
  auto out = std::make_unique<backend::TrainingHost>(0, 4_GiB, std::make_shared<parallel::Threads>(count));
  out->reserve_training({.rows = rows, .cols = 512, .longest = 1, .threads = count});
  return out;
}

void fill(const std::byte* data, std::size_t floats, float scale, std::uint64_t seed) {
  Random random(seed);
  auto* values = reinterpret_cast<float*>(const_cast<std::byte*>(data));
  for (std::size_t i = 0; i < floats; ++i) values[i] = scale * (static_cast<float>(random.uniform()) - 0.5F);
}

struct Exact : Blueprint {
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  static constexpr Limits limits{.context = 64, .prefill_chunk = 16, .threads = 2};
};
using Constellation = model::Assembly<Exact>::Constellation;
using Experts = train::LearningExperts<Constellation>;

/// Eight experts of 512-1024-512 (SwiGLU), two a row, with their router: 2048 rows forward and backward.
void experts(benchmark::State& state) {
  const auto device = host(state.range(0));
  const Shape shape = layer_shape();
  const gating::SoftmaxTopK gating(8, 2);
  const Constellation weights(*device, shape, gating);
  const Constellation gradients(*device, shape, gating);
  const train::AdapterLayer none{};
  const train::Dispatch<Experts> dispatch(shape, weights, &gradients, none, none);
  for (const Constellation* one : {&weights, &gradients}) {
    fill(one->router().data, 8 * 512, 0.2F, 1);
    for (std::size_t e = 0; e < 8; ++e) fill(one->expert(e).gate.data, 3 * 512 * 1024, 0.1F, e + 2);
  }
  backend::Layout measured;
  const auto lay_out = [&](backend::Layout& cursor) {
    return std::tuple{train::DispatchSaved<Experts>::lay_out(cursor, cursor, shape, rows),
                      train::DispatchWork<Experts>::lay_out(cursor, shape, rows, 0),
                      cursor.matrix<float>(rows, 512), cursor.matrix<float>(rows, 512),
                      cursor.matrix<float>(rows, 512)};
  };
  lay_out(measured);
  const auto memory = device->allocate(measured.used(), "bench");
  backend::Layout cursor(memory);
  const auto [saved, work, x, hidden, dx] = lay_out(cursor);
  fill(reinterpret_cast<std::byte*>(x.view.data), rows * 512, 1, 20);
  fill(reinterpret_cast<std::byte*>(hidden.view.data), rows * 512, 1, 21);
  for (auto _ : state) {
    dispatch.forward(*device, x, saved, work, hidden, true);
    dispatch.backward(*device, train::Losses{}, x, saved, work, hidden, dx);
  }
  state.counters["GFLOP/s"] = benchmark::Counter(3.0 * 2 * 3 * 512 * 1024 * 2 * rows * 1e-9,
                                                 benchmark::Counter::kIsIterationInvariantRate);
}

/// One dense block of the same work, 512-2048-512.
void dense(benchmark::State& state) {
  const auto device = host(state.range(0));
  const Shape shape = layer_shape();
  using Block = train::FeedForward<quant::Float32>;
  const expert::FeedForward<quant::Float32> weights(*device, 512, 2048);
  const expert::FeedForward<quant::Float32> gradients(*device, 512, 2048);
  fill(weights.slab().gate.data, 3 * 512 * 2048, 0.1F, 1);
  fill(gradients.slab().gate.data, 3 * 512 * 2048, 0.1F, 2);
  Shape all_dense = shape;
  all_dense.dense_layers = LayerSet::range(0, 1);
  backend::Layout measured;
  const auto lay_out = [&](backend::Layout& cursor) {
    return std::tuple{train::FeedForwardSaved::lay_out(cursor, all_dense, rows),
                      train::FeedForwardWork::lay_out(cursor, all_dense, rows), cursor.matrix<float>(rows, 512),
                      cursor.matrix<float>(rows, 512), cursor.matrix<float>(rows, 512)};
  };
  lay_out(measured);
  const auto memory = device->allocate(measured.used(), "bench");
  backend::Layout cursor(memory);
  const auto [saved, work, x, hidden, dx] = lay_out(cursor);
  fill(reinterpret_cast<std::byte*>(x.view.data), rows * 512, 1, 20);
  fill(reinterpret_cast<std::byte*>(hidden.view.data), rows * 512, 1, 21);
  for (auto _ : state) {
    Block::forward(*device, weights.slab(), x, saved, work, hidden);
    Block::backward(*device, weights.slab(), gradients.slab(), x, saved, work, hidden, dx);
  }
  state.counters["GFLOP/s"] =
      benchmark::Counter(3.0 * 2 * 3 * 512 * 2048 * rows * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

/// The shipped small Mixtral's sizes.
struct Small : Exact {
  static constexpr Shape shape{.vocabulary = 1406,
                               .hidden = 128,
                               .layers = 4,
                               .heads = 6,
                               .kv_heads = 6,
                               .head_dim = 32,
                               .ffn = 192,
                               .experts = 8,
                               .top_k = 2,
                               .max_positions = 1024,
                               .tied_head = true,
                               .rope_theta = 1e4};
};

using train::Storage;

template <class Recomputed, Storage Gradients = Storage::float32, Storage Saved = Storage::float32>
struct Steps : train::Recipe {
  using Recompute = Recomputed;
  static constexpr train::Precision precision{.gradients = Gradients, .saved = Saved};
  static constexpr std::int32_t batch = 16, sequence = 256;
};

struct SmallHalves : Small {
  using Quantization = quant::BFloat16;
  using Embedding = quant::BFloat16;
  using Head = quant::BFloat16;
};

/// Sixteen sequences of 250 tokens, of which every sixteenth counts: tokens a second.
template <class Recipe, class Policies = Small>
void small_mixtral(benchmark::State& state) {
  Limits limits = Small::limits;
  limits.threads = static_cast<std::int32_t>(state.range(0));
  train::Trainer<Policies, Recipe> trainer(Small::shape, 4_GiB, limits);
  Random random(1);
  for (const train::Parameter& parameter : trainer.parameters()) {
    for (float& value : parameter.values())
      value = parameter.kind == train::Kind::vector ? 1.0F : 0.08F * static_cast<float>(random.normal());
    parameter.refresh();
  }
  std::vector<TokenId> tokens, targets;
  std::vector<float> weights;
  std::vector<std::uint32_t> ends;
  for (int sequence = 0; sequence < 16; ++sequence) {
    for (int i = 0; i < 250; ++i) {
      tokens.push_back(static_cast<TokenId>(random.below(1406)));
      targets.push_back(static_cast<TokenId>(random.below(1406)));
      weights.push_back(i % 16 == 0 ? 1.0F : 0.0F);
    }
    ends.push_back(static_cast<std::uint32_t>(tokens.size()));
  }
  for (auto _ : state) trainer.step({tokens, ends, targets, weights}, 1'000'000);
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(tokens.size()), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["MiB"] = static_cast<double>(trainer.plan().total().count) / (1 << 20);
}

}  // namespace

BENCHMARK(experts)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(dense)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
using train::recompute::Nothing;
BENCHMARK_TEMPLATE(small_mixtral, Steps<Nothing>)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(small_mixtral, Steps<train::recompute::Experts>)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(small_mixtral, Steps<train::recompute::Layers>)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(small_mixtral, Steps<Nothing, Storage::bfloat16>)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(small_mixtral, Steps<Nothing, Storage::bfloat16, Storage::bfloat16>)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(small_mixtral, Steps<Nothing, Storage::float16, Storage::float16>)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(small_mixtral, Steps<Nothing, Storage::bfloat16, Storage::bfloat16>, SmallHalves)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
