// A constellation of encoders, one step of training: forward, backward and the update.
//
// Run it on a quiet machine, with --benchmark_repetitions=5. Argument: threads.
// benchmarks/peers/torch_constellation.py measures PyTorch's with the same sizes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/random.hpp"
#include "asterism/train/encoders/constellation_trainer.hpp"

using namespace asterism;

namespace {

/// 64-128-64, 32 experts, three a row: sixteen sequences of 128 rows.
struct Narrow : train::Recipe {
  static constexpr train::ConstellationSizes sizes{.in = 64, .hidden = 128, .out = 64};
  static constexpr train::Losses losses{.balance = 0.01F, .z = 0.001F};
  static constexpr std::int32_t batch = 16, sequence = 128;
};
/// 256-512-256.
struct Wide : Narrow {
  static constexpr train::ConstellationSizes sizes{.in = 256, .hidden = 512, .out = 256};
};
template <class C>
struct Again : C {
  using Recompute = train::recompute::Experts;
};

template <class C>
void step(benchmark::State& state) {
  train::ConstellationTrainer<C> trainer(8_GiB, static_cast<std::int32_t>(state.range(0)));
  trainer.initialise(1);
  for (const train::Parameter& parameter : trainer.parameters()) {  // a new router sends all rows to a few experts
    if (!parameter.name.starts_with("gate.") || parameter.name == "gate.experts") continue;
    for (float& value : parameter.values()) value *= 6;
  }
  constexpr std::size_t n = train::step_rows<C>;
  Random random(2);
  const auto normal = [&](std::size_t count) {
    std::vector<float> out(count);
    for (float& value : out) value = static_cast<float>(random.normal());
    return out;
  };
  const std::vector<float> rows = normal(n * C::sizes.in);
  const std::vector<float> targets = normal(n * C::sizes.out);
  const std::vector<float> weights(n, 1.0F);
  std::vector<std::uint32_t> ends;
  for (std::uint32_t end = C::sequence; end <= n; end += C::sequence) ends.push_back(end);
  const train::FeatureBatch batch{.rows = {rows.data(), n, C::sizes.in},
                                  .ends = ends,
                                  .targets = {targets.data(), n, C::sizes.out},
                                  .weights = weights};
  trainer.step(batch, 1'000'000);  // touches all memory
  std::size_t most = 0;
  for (const train::ExpertDraft& draft : trainer.draft(0)) most = std::max(most, draft.rows);
  state.counters["max/mean"] = static_cast<double>(most * C::sizes.experts) / static_cast<double>(3 * n);
  for (auto _ : state) trainer.step(batch, 1'000'000);
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(n), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["MiB"] = static_cast<double>(trainer.plan().total().count) / (1 << 20);
}

}  // namespace

void settings(benchmark::internal::Benchmark* of) {
  of->Arg(1)->Arg(2)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK_TEMPLATE(step, Narrow)->Apply(settings);
BENCHMARK_TEMPLATE(step, Again<Narrow>)->Apply(settings);
BENCHMARK_TEMPLATE(step, Wide)->Apply(settings);
BENCHMARK_TEMPLATE(step, Again<Wide>)->Apply(settings);

BENCHMARK_MAIN();
