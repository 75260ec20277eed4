// What a cache costs a layer: observe, then admit of the parts that the layer uses, for random passes with drifting
// popularity and room for 40 % of all parts. Arguments: groups / members / top_k.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/cache/arc.hpp"
#include "asterism/cache/decayed_use.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_frequent.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/cache/static.hpp"
#include "asterism/core/random.hpp"

using namespace asterism;

namespace {

struct Use {
  std::int32_t group;
  std::vector<std::int32_t> used;
  std::vector<float> probabilities;
  std::vector<PartId> step;
};

std::vector<Use> passes(std::int32_t groups, std::int32_t members, std::size_t top_k, std::size_t count) {
  Random random(1);
  std::vector<double> bias(static_cast<std::size_t>(groups) * static_cast<std::size_t>(members));
  for (double& one : bias) one = random.normal();
  std::vector<Use> uses;
  for (std::size_t pass = 0; pass < count; ++pass) {
    for (std::int32_t group = 0; group < groups; ++group) {
      Use use{.group = group, .used = {}, .probabilities = {}, .step = {}};
      double total = 0;
      std::vector<std::pair<double, std::int32_t>> scores;
      for (std::int32_t m = 0; m < members; ++m) {
        double& one = bias[static_cast<std::size_t>(group * members + m)];
        one = 0.95 * one + 0.3 * random.normal();
        scores.emplace_back(std::exp(one + 0.5 * random.normal()), m);
        total += scores.back().first;
      }
      for (const auto& score : scores) use.probabilities.push_back(static_cast<float>(score.first / total));
      std::sort(scores.rbegin(), scores.rend());
      for (std::size_t k = 0; k < top_k; ++k) use.used.push_back(scores[k].second);
      std::sort(use.used.begin(), use.used.end());
      for (const std::int32_t m : use.used) use.step.push_back({group, m});
      uses.push_back(use);
    }
  }
  return uses;
}

template <class Make>
void layers(benchmark::State& state, const Make& make) {
  const auto groups = static_cast<std::int32_t>(state.range(0));
  const auto members = static_cast<std::int32_t>(state.range(1));
  const std::vector<Use> uses = passes(groups, members, static_cast<std::size_t>(state.range(2)), 64);
  const cache::Parts parts(groups, members, 16_MiB);
  auto cache = make(parts, 16_MiB * (2 * parts.size() / 5));
  cache::Admission admission;
  std::uint64_t hits = 0;
  std::uint64_t all = 0;
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) {
    const Use& use = uses[at];
    cache.observe(use.group, use.used, use.probabilities);
    cache.admit(use.step, admission);
    hits += admission.hits.size();
    all += use.step.size();
    at = (at + 1) % uses.size();
  }
  state.counters["hit_rate"] = static_cast<double>(hits) / static_cast<double>(all);
}

template <class C>
void policy(benchmark::State& state) {
  layers(state, [](const cache::Parts& parts, Bytes capacity) { return C(parts, capacity); });
}

void by_profile(benchmark::State& state) {
  layers(state, [](const cache::Parts& parts, Bytes capacity) {
    return cache::Static(parts, capacity, std::vector<std::uint64_t>(parts.size(), 1));
  });
}

void sizes(benchmark::internal::Benchmark* run) {
  run->ArgNames({"groups", "members", "top_k"})->Args({32, 8, 2})->Args({48, 128, 8});
}

BENCHMARK(policy<cache::LeastRecent>)->Apply(sizes);
BENCHMARK(policy<cache::LeastFrequent>)->Apply(sizes);
BENCHMARK(policy<cache::DecayedUse>)->Apply(sizes);
BENCHMARK(policy<cache::S3Fifo>)->Apply(sizes);
BENCHMARK(policy<cache::Arc>)->Apply(sizes);
BENCHMARK(by_profile)->Apply(sizes);
BENCHMARK(policy<cache::Hazard>)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
