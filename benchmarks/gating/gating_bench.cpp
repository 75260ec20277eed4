// The router's choice for one token: softmax over all experts and the best few. Arguments: experts / top_k.
#include <algorithm>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/random.hpp"
#include "asterism/gating/softmax_top_k.hpp"

using namespace asterism;

namespace {

void softmax_top_k(benchmark::State& state) {
  const auto experts = static_cast<std::size_t>(state.range(0));
  const auto top_k = static_cast<std::size_t>(state.range(1));
  constexpr std::size_t tokens = 64;
  const gating::SoftmaxTopK gating(experts, top_k);
  Random random(1);
  std::vector<float> scores(tokens * experts);
  for (float& score : scores) score = static_cast<float>(random.normal());
  std::vector<float> logits(experts);
  std::vector<gating::Route> routes(top_k);
  std::size_t token = 0;
  for ([[maybe_unused]] auto _ : state) {
    std::copy_n(scores.data() + token * experts, experts, logits.data());
    gating.route(logits, routes);
    benchmark::DoNotOptimize(routes.data());
    token = (token + 1) % tokens;
  }
}

BENCHMARK(softmax_top_k)->ArgNames({"experts", "top_k"})->Args({8, 2})->Args({128, 8})->Args({512, 10});

}  // namespace

BENCHMARK_MAIN();
