// Choosing a token of 32000 by logits, on one core.
#include <algorithm>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/fwd.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/decoding/sampler.hpp"

using namespace asterism;

namespace {

void choose(benchmark::State& state, const GenerateOptions& options) {
  constexpr std::size_t vocabulary = 32000;
  Random random(1);
  std::vector<float> scores(vocabulary);
  for (float& score : scores) score = static_cast<float>(3 * random.normal());
  std::vector<TokenId> history(512);
  for (TokenId& id : history) id = static_cast<TokenId>(random.below(vocabulary));
  generate::Sampler sampler(vocabulary);
  std::vector<float> logits(vocabulary);
  for ([[maybe_unused]] auto _ : state) {
    std::copy(scores.begin(), scores.end(), logits.begin());
    benchmark::DoNotOptimize(sampler.choose(logits, history, options, random));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto add = [](const char* name, const GenerateOptions& options) {
    benchmark::RegisterBenchmark(name, choose, options)->Unit(benchmark::kMicrosecond);
  };
  add("greedy", {});
  add("greedy, repetition penalty on 512 tokens", {.repetition_penalty = 1.1F});
  add("temperature 1", {.temperature = 1});
  add("top-k 40", {.temperature = 1, .top_k = 40});
  add("top-p 0.9", {.temperature = 1, .top_p = 0.9F});
  add("min-p 0.05", {.temperature = 1, .min_p = 0.05F});
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
