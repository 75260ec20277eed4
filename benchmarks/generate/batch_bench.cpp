// Decoding of several requests that pass through a model together: tokens a second of all, from empty contexts. The
// model has random NF4 weights of 0.4 GiB; arguments: requests / threads. Whole models: model_bench.
#include <cstddef>
#include <cstdint>
#include <utility>

#include <benchmark/benchmark.h>

#include "asterism/core/progress.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/batch.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/shape/shape.hpp"

#include "model_bench/random_weights.hpp"

using namespace asterism;

namespace {

constexpr Shape shape{.vocabulary = 8000,
                      .hidden = 1024,
                      .layers = 8,
                      .heads = 16,
                      .kv_heads = 4,
                      .head_dim = 64,
                      .ffn = 3584,
                      .experts = 8,
                      .top_k = 2,
                      .max_positions = 4096};

LanguageModel<Blueprint> random_model(const Limits& limits) {
  LanguageModel<Blueprint> model(
      engine::Engine<Blueprint>(plan<Blueprint>(equal_devices(1, 4_GiB), shape, limits), shape, limits),
      CheckpointExtras{});
  ProgressSink silence;
  model_bench::fill_randomly(model.network(), 1, silence);
  return model;
}

void decode(benchmark::State& state) {
  constexpr std::int32_t tokens = 16;
  const auto requests = static_cast<std::int32_t>(state.range(0));
  const LanguageModel<Blueprint> model = random_model({.context = 64,
                                                       .batch = requests,
                                                       .prefill_chunk = 64,
                                                       .threads = static_cast<std::int32_t>(state.range(1))});
  Batch<Blueprint> batch = model.batch();
  Random random(2);
  for ([[maybe_unused]] auto _ : state) {
    for (std::int32_t i = 0; i < requests; ++i) {
      const auto first = static_cast<TokenId>(random.below(static_cast<std::uint64_t>(shape.vocabulary)));
      batch.add_tokens(View<const TokenId>(&first, 1),
                       {.temperature = 1, .top_k = 64, .max_tokens = tokens, .stop_at_eos = false},
                       {.seed = random()});
    }
    benchmark::DoNotOptimize(batch.run());
  }
  state.SetItemsProcessed(state.iterations() * requests * tokens);
}

BENCHMARK(decode)
    ->ArgNames({"requests", "threads"})
    ->ArgsProduct({{1, 2, 4, 8, 16}, {1, 2}})
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
