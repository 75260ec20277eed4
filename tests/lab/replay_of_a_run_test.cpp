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
#include "asterism/machine/machine.hpp"
#include "asterism/observe/trace.hpp"

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

template <class Policy>
void check_counts(const std::string& checkpoint, const std::string& experts, std::int32_t slots) {
  using B = Run<Policy>;
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
  Policy cache(cache::Parts(layers, shape.experts, each), each * static_cast<std::uint64_t>(slots - 2));
  const lab::ReplayCounts replayed = lab::replay(trace, cache, [&](PartId) { return each; });
  const residency::SlotCounts run = model.slot_counts();
  CHECK(replayed.accesses == static_cast<std::uint64_t>(79 * layers * shape.top_k));
  CHECK(run.uses == replayed.accesses);
  CHECK(run.hits == replayed.hits);
  CHECK(run.fetched == replayed.fetches);
  CHECK(run.bypassed == replayed.bypassed);
  CHECK(run.bytes == replayed.bytes.count);
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
    check_counts<cache::Hazard>(checkpoint, experts, slots);
    check_counts<cache::LeastRecent>(checkpoint, experts, slots);
  }
}
