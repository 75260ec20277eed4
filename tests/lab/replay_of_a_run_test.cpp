// A run whose experts take turns, and the replay of the trace that it left: the same hits, reads and bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/lab/replay.hpp"
#include "asterism/lab/routing_trace.hpp"
#include "asterism/lab/timed_replay.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/observe/trace.hpp"
#include "asterism/prefetch/next_gate.hpp"
#include "asterism/residency/strategy.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/files.hpp"

using namespace asterism;

namespace {

/// Every token is a pass, as in a replay.
template <class Policy>
struct Run : Blueprint {
  static constexpr Limits limits{.context = 128, .batch = 1, .prefill_chunk = 1, .threads = 2};
  using Backend = backend::HostA8;
  using Observer = observe::FullTrace;
  using Cache = Policy;
};

/// The next layer's router is asked, and the observer hears what it says.
template <class Policy>
struct Asking : Run<Policy> {
  using Prefetch = prefetch::NextGate;
};

template <class B>
void check_counts(const std::string& checkpoint, const std::string& experts, std::int32_t slots) {
  constexpr bool asks = prefetch::AsksNextRouter<typename B::Prefetch>;
  const Shape shape = generate::read_config(checkpoint).shape;
  const placement::Plan roomy = plan<B>(equal_devices(1, 1_GiB), shape, B::limits);
  const Bytes each = roomy.footprint.slotted.each;
  const Bytes memory = roomy.peak(0) - roomy.bytes(0, placement::PartKind::expert_slots) +
                       roomy.footprint.slotted.beside + each * static_cast<std::uint64_t>(slots);
  const auto model = load<B>(checkpoint, {.machine = equal_devices(1, memory), .experts = experts});
  REQUIRE(model.plan().expert_slots(0) == slots);
  auto session = model.session();
  std::vector<TokenId> prompt;
  for (std::int32_t i = 0; i < 20; ++i) prompt.push_back(3 + (i * 37 + i * i * 11) % 100);
  GenerateOptions options;
  options.max_tokens = 60;
  options.stop_at_eos = false;
  options.temperature = 1;
  session.generate_tokens(prompt, options);

  const std::int32_t layers = shape.sparse_layers().size();
  lab::RoutingTrace trace(layers, shape.experts, shape.top_k);
  trace.append("a run", prompt.size(), session.tokens(), session.observer());
  const auto kept = static_cast<std::uint64_t>(slots - residency::passing_slots(slots, shape.top_k, asks));
  const cache::Parts parts(layers, shape.experts, each);
  typename B::Cache cache(parts, each * kept);
  const lab::ReplayCounts replayed = lab::replay(trace, cache, [&](PartId) { return each; });
  const residency::SlotCounts run = model.slot_counts();
  CHECK(replayed.accesses == static_cast<std::uint64_t>(79 * layers * shape.top_k));
  CHECK(run.uses == replayed.accesses);
  CHECK(run.hits == replayed.hits);
  CHECK(run.fetched == replayed.fetches);
  CHECK(run.bypassed == replayed.bypassed);
  CHECK(run.bytes - run.wasted * each.count <= replayed.bytes.count);
  CHECK(run.bytes >= replayed.bytes.count);
  // What the next layer's router said of the state before it predicts the same in the run and in the trace.
  CHECK(trace.guess(0, 0, 0).empty() != asks);
  if constexpr (asks) {
    typename B::Cache same(parts, each * kept);
    typename B::Prefetch prefetcher({.groups = layers, .members = shape.experts});
    const lab::TimedCounts timed = lab::timed_replay(trace, same, prefetcher, [&](PartId) { return each; },
                                                     {.layer_seconds = 1, .copy_seconds = 1});
    CHECK(timed.predicted == run.predicted);
    CHECK(run.predicted > 0);
  } else {
    CHECK(run.bytes == replayed.bytes.count);
  }
  if (slots > shape.top_k + 2) CHECK(run.hits > 0);
  CHECK(run.fetched > 0);
}

}  // namespace

TEST_CASE("the counts of a run are those of the replay of its trace") {
  const std::string checkpoint = test::golden_model("many_experts");
  const test::TemporaryFolder folder;
  const std::string experts = folder / "experts";
  ProgressSink silence;
  write_experts<Run<cache::Hazard>>(checkpoint, experts, silence);
  const Shape shape = generate::read_config(checkpoint).shape;
  const std::int32_t all = shape.experts * shape.sparse_layers().size();
  for (const std::int32_t slots : {shape.top_k + 2, all / 2, all - 1}) {
    CAPTURE(slots);
    check_counts<Run<cache::Hazard>>(checkpoint, experts, slots);
    check_counts<Run<cache::LeastRecent>>(checkpoint, experts, slots);
    check_counts<Asking<cache::LeastRecent>>(checkpoint, experts, slots);
  }
}

namespace {

struct InChunks : Asking<cache::LeastRecent> {
  static constexpr Limits limits{.context = 128, .batch = 1, .prefill_chunk = 16, .threads = 2};
};

/// What an observer of B hears of guesses for 20 tokens, in passes of a chunk.
template <class B>
std::vector<std::vector<float>> guesses_in_passes(const std::string& checkpoint, const std::string& experts) {
  const auto model = load<B>(checkpoint, {.machine = equal_devices(1, 64_MiB), .experts = experts});
  auto session = model.session();
  std::vector<TokenId> tokens;
  for (std::int32_t i = 0; i < 20; ++i) tokens.push_back(3 + (i * 37 + i * i * 11) % 100);
  session.logits(tokens);
  std::vector<std::vector<float>> out;
  for (std::int32_t position = 0; position < 20; ++position) {
    const auto guess = session.observer().guess(position, 0);
    out.emplace_back(guess.begin(), guess.end());
  }
  CHECK(session.observer().guess(0, model.shape().sparse_layers().size() - 1).empty());
  return out;
}

}  // namespace

TEST_CASE("the guesses of a token are the same in a pass of many") {
  const std::string checkpoint = test::golden_model("many_experts");
  const test::TemporaryFolder folder;
  ProgressSink silence;
  write_experts<InChunks>(checkpoint, folder / "experts", silence);
  const auto one_by_one = guesses_in_passes<Asking<cache::LeastRecent>>(checkpoint, folder / "experts");
  CHECK(one_by_one[3].size() == 16);
  CHECK(one_by_one[3] != one_by_one[4]);
  CHECK(guesses_in_passes<InChunks>(checkpoint, folder / "experts") == one_by_one);
}
