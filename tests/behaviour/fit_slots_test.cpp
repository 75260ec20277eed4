// What a change of a budget leaves when something is refused: slots that are whole, or none and a way back; and what it
// leaves to others.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/s3_fifo.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/machine/machine.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;

namespace {

using Tokens = std::vector<TokenId>;

/// A host that refuses memory for slots as often as it is told to.
struct Scarce : backend::HostA8 {
  using Base = backend::HostA8;
  using Base::Base;
  static inline std::int32_t refusals = 0;

  backend::Buffer allocate(Bytes size, std::string_view holder) {
    if (holder == "expert slots" && refusals > 0) {
      --refusals;
      throw BudgetExceeded("the system has no memory for expert slots");
    }
    return Base::allocate(size, holder);
  }
};

struct Resident : Blueprint {
  static constexpr Limits limits{.context = 64, .batch = 8, .prefill_chunk = 16, .threads = 2};
  using Backend = backend::HostA8;
};
struct Slotted : Resident {
  using Backend = Scarce;
  using Cache = cache::S3Fifo;
  static inline bool refused = false;

  static Cache cache(const cache::Parts& parts, Bytes capacity) {
    if (refused) throw InvalidArgument("there is no profile for this cache");
    return {parts, capacity};
  }
};

ProgressSink silence;

GenerateOptions of_tokens(std::int32_t count) {
  GenerateOptions options;
  options.max_tokens = count;
  options.stop_at_eos = false;
  options.temperature = 0;
  return options;
}

struct Case {
  Case() : checkpoint(test::golden_model("demo")), path(folder / "experts") {
    write_experts<Resident>(checkpoint, path, silence);
    const auto resident = load<Resident>(checkpoint);
    answer = resident.session().generate_tokens(prompt, of_tokens(12));
  }

  placement::Plan roomy() const {
    return plan<Slotted>(equal_devices(1, 1_GiB), generate::read_config(checkpoint).shape, Slotted::limits);
  }
  LanguageModel<Slotted> load_in(Bytes budget) const {
    return load<Slotted>(checkpoint, {.machine = equal_devices(1, budget), .experts = path});
  }
  /// As much less as makes so many slots fewer than there can be of use.
  Bytes budget_without(std::int32_t slots) const {
    return roomy().peak(0) - roomy().footprint.slotted.each * static_cast<std::uint64_t>(slots);
  }
  void check(const LanguageModel<Slotted>& model) const {
    CHECK(model.session().generate_tokens(prompt, of_tokens(12)) == answer);
  }

  test::TemporaryFolder folder;
  std::string checkpoint;
  std::string path;
  Tokens prompt{5, 9, 23, 70, 11};
  Tokens answer;
};

}  // namespace

TEST_CASE("where a cache refuses, nothing has changed") {
  const Case one;
  const auto model = one.load_in(one.roomy().peak(0));
  const backend::Arena& arena = model.devices()[0]->arena();
  const Bytes whole = arena.budget();
  const std::int32_t all = model.expert_slots(0);
  Slotted::refused = true;
  check_error<InvalidArgument>([&] { model.fit_slots(0, one.budget_without(3)); }, {"no profile"});
  Slotted::refused = false;
  CHECK(model.expert_slots(0) == all);
  CHECK(arena.budget() == whole);
  one.check(model);
}

TEST_CASE("where memory is refused, slots are as many as before, or the fewest, or none until another call") {
  const Case one;
  const auto model = one.load_in(one.roomy().peak(0));
  const backend::Arena& arena = model.devices()[0]->arena();
  const Bytes whole = arena.budget();
  const std::int32_t all = model.expert_slots(0);
  const auto refuse = [&](std::int32_t times) {
    Scarce::refusals = times;
    check_error<BudgetExceeded>([&] { model.fit_slots(0, one.budget_without(3)); },
                                {"no memory for expert slots"});
    CHECK(Scarce::refusals == 0);
    CHECK(arena.budget() == whole);
  };
  refuse(1);
  CHECK(model.expert_slots(0) == all);
  one.check(model);
  refuse(2);
  CHECK(model.expert_slots(0) == 2);
  CHECK(model.memory_report().find(concat(" 2 slots, planned ", all, "\n")) != std::string::npos);
  one.check(model);
  CHECK(model.fit_slots(0, whole) == all);
  CHECK(model.memory_report().find("slots, planned") == std::string::npos);
  refuse(3);
  CHECK(model.expert_slots(0) == 0);
  CHECK(model.slot_counts().uses > 0);
  {
    auto session = model.session();
    const auto pass = [&] { session.generate_tokens(one.prompt, of_tokens(2)); };
    check_error<BudgetExceeded>(pass, {"no slots for experts", "fit_slots"});
    CHECK(model.fit_slots(0, one.budget_without(3)) == all - 3);
    CHECK(session.generate_tokens(one.prompt, of_tokens(12)) == one.answer);
  }
  Scarce::refusals = 2;  // without slots before, too
  check_error<BudgetExceeded>([&] { model.fit_slots(0, whole); }, {"no memory"});
  CHECK(model.expert_slots(0) == 2);
  one.check(model);
}

TEST_CASE("slots leave room for the sessions that a plan has promised") {
  const Case one;
  const auto model = one.load_in(one.budget_without(5));
  const std::int32_t slots = model.plan().expert_slots(0);
  CHECK(model.fit_slots(0, model.plan().budget(0)) == slots);
  {
    const auto open = model.session();
    CHECK(model.fit_slots(0, model.plan().budget(0)) == slots);
  }
  std::vector<Session<Slotted>> sessions;
  for (std::int32_t i = 0; i < Slotted::limits.batch; ++i) sessions.push_back(model.session());
  CHECK(model.fit_slots(0, model.plan().budget(0)) == slots);
}

TEST_CASE("slots of another model on the same devices are not taken for one's own") {
  const Case one;
  const Bytes peak = one.roomy().peak(0);
  const auto first = one.load_in(peak * 2);
  LoadOptions options;
  options.devices = first.engine().shared_devices();
  options.experts = one.path;
  const auto second = load<Slotted>(one.checkpoint, options);
  const backend::Arena& arena = first.devices()[0]->arena();
  const placement::Plan& plan = first.plan();
  const Bytes beside = arena.used() - plan.bytes(0, placement::PartKind::expert_slots) + plan.cache_bytes(0) +
                       plan.footprint.slotted.beside;
  const std::int32_t all = first.expert_slots(0);
  const std::int32_t of_second = second.expert_slots(0);
  const Bytes each = plan.footprint.slotted.each;
  check_error<BudgetExceeded>([&] { first.fit_slots(0, beside + each * 1); }, {"no room for 2 slots"});
  CHECK(first.expert_slots(0) == all);
  CHECK(first.fit_slots(0, beside + each * 3) == 3);
  CHECK(second.expert_slots(0) == of_second);
  one.check(first);
}
