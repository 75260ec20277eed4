// Replays the shipped routing trace against each cache: hits as a share of what the optimum has, and the time of a
// replay. Arguments: slots, of 32 parts.
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
#include "asterism/lab/belady.hpp"
#include "asterism/lab/read_routing_trace.hpp"
#include "asterism/lab/replay.hpp"

using namespace asterism;

namespace {

const lab::RoutingTrace& trace() {
  static const lab::RoutingTrace read = lab::read_routing_trace("examples/small_mixtral/held_out_cards.trace");
  return read;
}

cache::Parts parts() { return {trace().sizes().layers, trace().sizes().experts, 1_MiB}; }

void show(benchmark::State& state, const lab::ReplayCounts& counts) {
  const lab::ReplayCounts best = lab::belady(trace(), static_cast<std::uint64_t>(state.range(0)));
  state.counters["hits"] = static_cast<double>(counts.hits);
  state.counters["hit_rate"] = counts.hit_rate();
  state.counters["of_optimum"] = static_cast<double>(counts.hits) / static_cast<double>(best.hits);
  state.counters["fetches"] = static_cast<double>(counts.fetches);
  state.counters["bypassed"] = static_cast<double>(counts.bypassed);
}

template <class Make>
void replayed(benchmark::State& state, const Make& make) {
  lab::ReplayCounts counts;
  for ([[maybe_unused]] auto _ : state) {
    auto cache = make(parts(), 1_MiB * static_cast<std::uint64_t>(state.range(0)));
    counts = lab::replay(trace(), cache, [](PartId) { return 1_MiB; });
  }
  show(state, counts);
}

void belady(benchmark::State& state) {
  lab::ReplayCounts counts;
  for ([[maybe_unused]] auto _ : state) counts = lab::belady(trace(), static_cast<std::uint64_t>(state.range(0)));
  show(state, counts);
}

template <class C>
void policy(benchmark::State& state) {
  replayed(state, [](const cache::Parts& parts, Bytes capacity) { return C(parts, capacity); });
}

template <class C>
void with_bypass(benchmark::State& state) {
  replayed(state, [](const cache::Parts& parts, Bytes capacity) { return C(parts, capacity, {.bypass = true}); });
}

void hazard_without_bypass(benchmark::State& state) {
  replayed(state, [](const cache::Parts& parts, Bytes capacity) {
    return cache::Hazard(parts, capacity, {.bypass = false});
  });
}

// The profile is of the trace itself, which flatters it.
void by_profile(benchmark::State& state) {
  std::vector<std::uint64_t> profile(parts().size());
  lab::for_each_group_use(trace(), [&](const lab::GroupUse& use) {
    for (const PartId part : use.step) ++profile[parts().number(part)];
  });
  replayed(state,
           [&](const cache::Parts& parts, Bytes capacity) { return cache::Static(parts, capacity, profile); });
}

void slots(benchmark::internal::Benchmark* run) {
  run->ArgName("slots")->Arg(6)->Arg(13)->Arg(19)->Iterations(1)->Unit(benchmark::kMillisecond);
}

BENCHMARK(belady)->Apply(slots);
BENCHMARK(policy<cache::Hazard>)->Apply(slots);
BENCHMARK(hazard_without_bypass)->Apply(slots);
BENCHMARK(policy<cache::DecayedUse>)->Apply(slots);
BENCHMARK(with_bypass<cache::DecayedUse>)->Apply(slots);
BENCHMARK(policy<cache::LeastFrequent>)->Apply(slots);
BENCHMARK(with_bypass<cache::LeastFrequent>)->Apply(slots);
BENCHMARK(policy<cache::LeastRecent>)->Apply(slots);
BENCHMARK(policy<cache::S3Fifo>)->Apply(slots);
BENCHMARK(policy<cache::Arc>)->Apply(slots);
BENCHMARK(by_profile)->Apply(slots);

}  // namespace

BENCHMARK_MAIN();
