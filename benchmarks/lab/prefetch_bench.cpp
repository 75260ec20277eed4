// What a prefetcher costs a layer: observe, then predict the next layer, on a synthetic trace with guesses of the next
// routers. Argument: 0 for few experts (32 x 8, top 2), 1 for many (48 x 128, top 8).
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/lab/replay.hpp"
#include "asterism/lab/synthetic_routes.hpp"
#include "asterism/prefetch/mixture.hpp"
#include "asterism/prefetch/none.hpp"

using namespace asterism;

namespace {

const lab::RoutingTrace& trace(bool many) {
  static const auto make = [](lab::SyntheticRoutes routes) {
    routes.guess_noise = 0.5;
    return lab::synthetic_trace(routes, 64, 1);
  };
  static const lab::RoutingTrace few_experts = make(lab::synthetic::m);
  static const lab::RoutingTrace many_experts = make(lab::synthetic::q);
  return many ? many_experts : few_experts;
}

template <class P>
void layers(benchmark::State& state) {
  const lab::RoutingTrace& routes = trace(state.range(0) != 0);
  const lab::RoutingSizes& sizes = routes.sizes();
  std::vector<lab::GroupUse> uses;
  lab::for_each_group_use(routes, [&](const lab::GroupUse& use) { uses.push_back(use); });
  P prefetcher({.groups = sizes.layers, .members = sizes.experts, .sequences = 1});
  std::vector<prefetch::Prediction> out(static_cast<std::size_t>(sizes.top_k));
  std::size_t at = 0;
  for ([[maybe_unused]] auto _ : state) {
    const lab::GroupUse& use = uses[at];
    prefetcher.observe({.group = use.group,
                        .sequence = 0,
                        .phase = prefetch::Phase::decode,
                        .used = use.used,
                        .probabilities = use.probabilities,
                        .next = routes.guess(0, use.token, use.group),
                        .next_used = {}});
    benchmark::DoNotOptimize(prefetcher.predict((use.group + 1) % sizes.layers, out));
    at = (at + 1) % uses.size();
  }
}

BENCHMARK(layers<prefetch::None>)->ArgName("many")->Arg(0)->Arg(1);
BENCHMARK(layers<prefetch::PreviousLayer>)->ArgName("many")->Arg(0)->Arg(1);
BENCHMARK(layers<prefetch::MultiLayer>)->ArgName("many")->Arg(0)->Arg(1);
BENCHMARK(layers<prefetch::Pattern>)->ArgName("many")->Arg(0)->Arg(1);
BENCHMARK(layers<prefetch::Learned>)->ArgName("many")->Arg(0)->Arg(1);
BENCHMARK(layers<prefetch::NextGate>)->ArgName("many")->Arg(0)->Arg(1);
BENCHMARK(layers<prefetch::Adaptive>)->ArgName("many")->Arg(0)->Arg(1);

}  // namespace

BENCHMARK_MAIN();
