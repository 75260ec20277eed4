// What an adapter costs a token: one model, two sequences in turns, one of which has an adapter of rank 16 at query,
// key, value and output.
//
// Run it on a quiet machine, with --benchmark_filter=shape_m. Argument: threads. Counters: milliseconds a token of
// either, medians of fifteen pairs of windows of sixteen tokens, and the median of the pairs' quotients.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/random.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/engine/step.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/adapter_slot.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/shape/catalogue.hpp"

#include "model_bench/random_weights.hpp"

using namespace asterism;

namespace {

struct Adapted : Blueprint {
  static constexpr Limits limits{.context = 512, .batch = 2, .prefill_chunk = 16};
  using Backend = backend::HostA8;
  using Adapters = expert::Adapters<
      expert::AdapterTargets{.query = true, .key = true, .value = true, .output = true}, 16, 1>;
};

constexpr Shape shape_of(std::int32_t vocabulary, std::int32_t hidden, std::int32_t layers, std::int32_t heads,
                         std::int32_t kv_heads, std::int32_t ffn) {
  Shape shape = shapes::mixtral_8x7b;
  shape.vocabulary = vocabulary;
  shape.hidden = hidden;
  shape.layers = layers;
  shape.heads = heads;
  shape.kv_heads = kv_heads;
  shape.head_dim = hidden / heads;
  shape.ffn = ffn;
  return shape;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

class Pair {
 public:
  Pair(const Shape& shape, std::int32_t threads)
      : engine_(plan<Adapted>(equal_devices(1, 6_GiB), shape, limits_of(threads)), shape, limits_of(threads)),
        slot_(engine_.devices(), engine_.plan(), shape) {
    ProgressSink silence;
    model_bench::fill_randomly(engine_.network(), 1, silence);
    Random random(2);
    const auto fill = [&](const backend::DeviceWeights<quant::Float32>& matrix) {
      auto* const values = reinterpret_cast<float*>(matrix.data);
      for (std::uint64_t i = 0; i < matrix.rows * matrix.cols; ++i)
        values[i] = 0.01F * static_cast<float>(random.normal());
    };
    slot_.for_each_pair([&](const model::WeightId&, const auto& a, auto& b) {
      fill(a);
      fill(b.columns);
      b.scale = 2;
    });
    for (engine::Sequence<Adapted>* sequence : {&plain_, &adapted_}) {
      sequence->begin(std::vector<TokenId>{1}, 0);
    }
    adapted_.set_adapter(&slot_);
  }

  /// Milliseconds a token of a window of sixteen.
  double plain() { return window(plain_); }
  double adapted() { return window(adapted_); }

 private:
  static Limits limits_of(std::int32_t threads) {
    Limits limits = Adapted::limits;
    limits.threads = threads;
    return limits;
  }

  double window(engine::Sequence<Adapted>& sequence) {
    constexpr int tokens = 16;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < tokens; ++i) {
      step_.clear();
      step_.add(sequence);
      const auto next = [&](std::size_t, const std::optional<View<float>>& logits) {
        if (logits) next_ = static_cast<TokenId>(std::max_element(logits->begin(), logits->end()) - logits->begin());
      };
      step_.run(next, [](std::size_t, const NumericError&) {});
      if (sequence.tokens().size + 1 >= sequence.capacity()) sequence.begin(std::vector<TokenId>{1}, 0);
      sequence.append(next_);
    }
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / tokens;
  }

  engine::Engine<Adapted> engine_;
  model::AdapterSlot<Adapted::Adapters> slot_;
  engine::Sequence<Adapted> plain_{engine_};
  engine::Sequence<Adapted> adapted_{engine_};
  engine::Step<Adapted> step_{engine_};
  TokenId next_ = 1;
};

void decode(benchmark::State& state, const Shape& shape) {
  Pair pair(shape, static_cast<std::int32_t>(state.range(0)));
  pair.plain();
  pair.adapted();
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> quotients;
  for (auto _ : state) {
    for (int i = 0; i < 15; ++i) {
      const bool first = i % 2 == 0;
      const double a = first ? pair.plain() : pair.adapted();
      const double b = first ? pair.adapted() : pair.plain();
      without.push_back(first ? a : b);
      with.push_back(first ? b : a);
      quotients.push_back(with.back() / without.back());
    }
  }
  state.counters["without_ms"] = median(without);
  state.counters["with_ms"] = median(with);
  state.counters["quotient"] = median(quotients);
}

void tiny(benchmark::State& state) { decode(state, shape_of(512, 64, 2, 4, 2, 128)); }
void shape_m(benchmark::State& state) { decode(state, shape_of(32000, 2048, 16, 16, 4, 7168)); }

}  // namespace

BENCHMARK(tiny)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);
BENCHMARK(shape_m)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

BENCHMARK_MAIN();
