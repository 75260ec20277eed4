// Adapters beside other policies: experts that take turns in memory, 8-bit activations, a batch of segments, the sizes
// of large models.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/least_recent.hpp"
#include "asterism/engine/sequence.hpp"
#include "asterism/engine/step.hpp"
#include "asterism/generate/adapters.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/machine/catalogue.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::golden_model;

namespace {

using Tokens = std::vector<TokenId>;

struct Quantized : Blueprint {
  static constexpr Limits limits{.context = 128, .batch = 4, .prefill_chunk = 64, .threads = 2};
  using Backend = backend::HostA8;
  using Adapters = expert::Adapters<
      expert::AdapterTargets{.query = true, .key = true, .value = true, .output = true, .experts = true}, 4>;
};
struct Turns : Quantized {
  using Cache = cache::LeastRecent;
};
struct Bare : Quantized {
  using Adapters = expert::NoAdapters;
};

std::string adapter(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/adapters/" + name; }

const Tokens prompt{1, 5, 9, 33, 4, 71, 8, 120, 66, 3, 17, 90, 21, 4, 88, 13, 2, 40};

ProgressSink silence;

}  // namespace

TEST_CASE("experts that take turns have the bits of experts that stay, adapters beside them") {
  const std::string checkpoint = golden_model("many_experts");
  const test::TemporaryFolder folder;
  write_experts<Bare>(checkpoint, folder / "experts", silence);
  const auto resident = load<Quantized>(checkpoint);
  const placement::Plan roomy = plan<Turns>(equal_devices(1, 1_GiB), resident.shape());
  const placement::SlottedExperts& slotted = roomy.footprint.slotted;
  const Bytes room = roomy.peak(0) - roomy.bytes(0, placement::PartKind::expert_slots) + slotted.beside +
                     slotted.each * 8;
  const auto turns = load<Turns>(checkpoint, {.machine = equal_devices(1, room), .experts = folder / "experts"});
  CHECK(turns.plan().expert_slots(0) == 8);
  for (const std::string kind : {"attention", "experts", "fused"}) {
    resident.adapters().add(kind, adapter("many_experts_" + kind));
    turns.adapters().add(kind, adapter("many_experts_" + kind));
  }
  const std::vector<float> base = resident.session().logits(prompt);
  for (const std::string kind : {"attention", "experts", "fused"}) {
    CAPTURE(kind);
    const std::vector<float> logits = resident.session({.adapter = kind}).logits(prompt);
    CHECK(logits != base);
    CHECK(turns.session({.adapter = kind}).logits(prompt) == logits);
  }
  CHECK(turns.slot_counts().fetched > 0);
  const auto bare = load<Bare>(checkpoint);
  CHECK(bare.session().logits(prompt) == base);
  CHECK(turns.session().logits(prompt) == base);
}

TEST_CASE("sequences of one pass have each its own adapter, and the bits of passes alone") {
  const auto model = load<Quantized>(golden_model("many_experts"));
  auto& adapters = model.adapters();
  adapters.add("experts", adapter("many_experts_experts"));
  adapters.add("fused", adapter("many_experts_fused"));
  const auto experts = adapters.acquire(adapters.find("experts"));
  const auto fused = adapters.acquire(adapters.find("fused"));
  using Slot = AdapterStore<Quantized::Adapters, Quantized::Backend>::Slot;
  const Slot* const chosen[] = {experts.slot(), nullptr, fused.slot(), fused.slot()};
  const auto logits_of = [&](const std::vector<std::size_t>& together) {
    std::vector<std::unique_ptr<engine::Sequence<Quantized>>> sequences;
    engine::Step<Quantized> step(model.engine());
    for (const std::size_t i : together) {
      Tokens tokens(prompt.begin() + static_cast<std::ptrdiff_t>(i), prompt.begin() + 12);
      sequences.push_back(std::make_unique<engine::Sequence<Quantized>>(model.engine()));
      sequences.back()->begin(tokens, 0, {}, i);
      sequences.back()->set_adapter(chosen[i]);
      REQUIRE(step.add(*sequences.back()));
    }
    std::vector<std::vector<float>> out;
    const auto keep = [&](std::size_t, const std::optional<View<float>>& row) {
      if (row) out.emplace_back(row->begin(), row->end());
    };
    step.run(keep, [](std::size_t, const NumericError&) {});
    return out;
  };
  const auto together = logits_of({0, 1, 2, 3});
  REQUIRE(together.size() == 4);
  for (const std::size_t i : {0, 1, 2, 3}) CHECK(logits_of({i})[0] == together[i]);
  CHECK(logits_of({2, 0}) == std::vector<std::vector<float>>{together[2], together[0]});
}

// Rank 16 at query, value and output of Mixtral 8x7B.
using OfMixtral =
    expert::Adapters<expert::AdapterTargets{.query = true, .value = true, .output = true}, 16, 2, quant::BFloat16>;
static_assert(model::AdapterSlot<OfMixtral>::bytes(shapes::mixtral_8x7b, 0, 32) == Bytes{22'020'096});

namespace {
struct Personas : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
  static constexpr Limits limits{.context = 4096};
  using Adapters = OfMixtral;
};
struct NoPersonas : Personas {
  using Adapters = expert::NoAdapters;
};
static_assert(differs<Personas, NoPersonas>);
constexpr placement::Plan with = plan<Personas>(machines::dual_16gb);
constexpr placement::Plan without = plan<NoPersonas>(machines::dual_16gb);
static_assert(with.bytes(0, placement::PartKind::adapters) + with.bytes(1, placement::PartKind::adapters) ==
              Bytes{2 * 22'020'096});
static_assert(with.footprint.layer_workspace > without.footprint.layer_workspace);
static_assert(fits<Personas, machines::dual_16gb, 14_GiB>());
}  // namespace
