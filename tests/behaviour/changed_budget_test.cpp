// The budget of a device changes while answers are under way: slots become fewer and more between passes, arenas keep
// to it, and every answer has the bits that it has alone.
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/hazard.hpp"
#include "asterism/cache/s3_fifo.hpp"
#include "asterism/core/error.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/machine/memory_monitor.hpp"
#include "asterism/prefetch/mixture.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "machine/fake_system.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;

namespace {

using Tokens = std::vector<TokenId>;

struct Resident : Blueprint {
  static constexpr Limits limits{.context = 96, .batch = 8, .prefill_chunk = 16, .threads = 2};
  using Backend = backend::HostA8;
};
struct Learnt : Resident {
  using Cache = cache::Hazard;
  using Prefetch = prefetch::Adaptive;
};
struct Queued : Resident {
  using Cache = cache::S3Fifo;
};

constexpr std::size_t requests = 8;

ProgressSink silence;

Tokens prompt_of(std::size_t request) {
  Tokens tokens;
  for (std::size_t i = 0; i < 5 + 3 * request; ++i) {
    tokens.push_back(static_cast<TokenId>(3 + (i * 37 + i * i * 11 + request * 53) % 100));
  }
  return tokens;
}

GenerateOptions sampled() {
  GenerateOptions options;
  options.max_tokens = 40;
  options.stop_at_eos = false;
  options.temperature = 5;
  options.top_k = 50;
  return options;
}

/// A golden model, the answers that it has with all experts in memory, and the file of its experts.
struct Case {
  explicit Case(const std::string& name) : checkpoint(test::golden_model(name)), path(folder / "experts") {
    write_experts<Resident>(checkpoint, path, silence);
    const auto resident = load<Resident>(checkpoint);
    for (std::size_t i = 0; i < requests; ++i) {
      answers.push_back(resident.session({.seed = i}).generate_tokens(prompt_of(i), sampled()));
    }
  }

  /// With room for as many slots as can be of use.
  template <class B>
  LanguageModel<B> load_roomy() const {
    const Shape shape = generate::read_config(checkpoint).shape;
    const placement::Plan roomy = plan<B>(equal_devices(1, 1_GiB), shape, B::limits);
    return load<B>(checkpoint, {.machine = equal_devices(1, roomy.peak(0)), .experts = path});
  }
  template <class B>
  Bytes budget_for(const LanguageModel<B>& model, std::int32_t slots) const {
    const placement::Plan& plan = model.plan();
    return plan.peak(0) - plan.bytes(0, placement::PartKind::expert_slots) + plan.footprint.slotted.beside +
           plan.footprint.slotted.each * static_cast<std::uint64_t>(slots);
  }
  void check(const std::vector<BatchAnswer>& found) const {
    REQUIRE(found.size() == requests);
    for (const BatchAnswer& answer : found) CHECK(answer.tokens == answers[answer.id - 1]);
  }

  test::TemporaryFolder folder;
  std::string checkpoint;
  std::string path;
  std::vector<Tokens> answers;
};

template <class B>
Batch<B> begun(const LanguageModel<B>& model) {
  auto batch = model.batch(requests);
  for (std::size_t i = 0; i < requests; ++i) batch.add_tokens(prompt_of(i), sampled(), {.seed = i});
  return batch;
}

}  // namespace

TEST_CASE("a budget that is cut and given back while 8 answers are under way") {
  for (const char* name : {"demo", "many_experts"}) {
    CAPTURE(name);
    const Case one(name);
    const auto run = [&]<class B>(B /*blueprint*/) {
      const auto model = one.load_roomy<B>();
      const backend::Arena& arena = model.devices()[0]->arena();
      const Bytes whole = arena.budget();
      const std::int32_t all = model.plan().expert_slots(0);
      auto batch = begun(model);
      std::vector<BatchAnswer> found;
      const std::int32_t sizes[] = {all / 2, 2, 3, all, 5, all + 100};
      std::size_t pass = 0;
      for (; batch.requests() > 0; ++pass) {
        for (BatchAnswer& answer : batch.step()) found.push_back(std::move(answer));
        CHECK(arena.used() <= arena.budget());
        if (pass % 5 != 3) continue;
        const std::int32_t slots = sizes[pass / 5 % std::size(sizes)];
        const Bytes budget = one.budget_for(model, slots);
        CHECK(model.fit_slots(0, budget) == std::min(slots, all));
        CHECK(arena.budget() == budget);
        CHECK(arena.used() <= budget);
      }
      CHECK(pass > 30);
      one.check(found);
      const residency::SlotCounts counts = model.slot_counts();  // of all slots that there were
      CHECK(counts.uses > 0);
      CHECK(counts.hits + counts.fetched + counts.bypassed == counts.uses);
      CHECK(counts.from_disk.count() + counts.read_ahead == counts.fetched + counts.bypassed);
      CHECK(model.fit_slots(0, whole) == all);
      CHECK(arena.used() <= whole);
    };
    run(Learnt{});
    run(Queued{});
  }
}

TEST_CASE("another thread changes the budget") {
  const Case one("many_experts");
  const auto model = one.load_roomy<Learnt>();
  auto batch = begun(model);
  std::atomic<bool> done = false;
  std::thread other([&] {
    for (std::int32_t slots = 2; !done; slots = slots % 23 + 2) model.fit_slots(0, one.budget_for(model, slots));
  });
  const std::vector<BatchAnswer> found = batch.run();
  done = true;
  other.join();
  one.check(found);
}

TEST_CASE("a monitor cuts the budget where the system's memory is scarce, and gives it back") {
  const Case one("demo");
  const auto model = one.load_roomy<Learnt>();
  const backend::Arena& arena = model.devices()[0]->arena();
  const Bytes whole = arena.budget();
  test::FakeSystem system;
  system.set_memory(100_GiB, 50_GiB);
  machines::MonitorOptions options;
  options.root = system.root();
  options.period = std::chrono::milliseconds(0);
  machines::MemoryMonitor monitor(options);
  monitor.watch([&](const machines::MemoryEvent& event) {
    if (event.alarm != machines::MemoryAlarm::system) return;
    model.fit_slots(0, event.begins ? one.budget_for(model, 3) : whole);
  });
  auto batch = begun(model);
  std::vector<BatchAnswer> found;
  for (std::size_t pass = 0; batch.requests() > 0; ++pass) {
    for (BatchAnswer& answer : batch.step()) found.push_back(std::move(answer));
    if (pass == 5) system.set_memory(100_GiB, 9_GiB);
    if (pass == 15) system.set_memory(100_GiB, 20_GiB);
    if (pass == 20) system.set_memory(100_GiB, 40_GiB);
    monitor.poll();
    CHECK(arena.budget() == (pass >= 5 && pass < 20 ? one.budget_for(model, 3) : whole));
    CHECK(arena.used() <= arena.budget());
  }
  one.check(found);
  CHECK(monitor.last_fault().find("pressure") != std::string::npos);  // a file that this system does not have
}

TEST_CASE("what can't be fitted is refused, and nothing has changed") {
  const Case one("demo");
  const auto model = one.load_roomy<Learnt>();
  const Bytes whole = model.devices()[0]->arena().budget();
  auto batch = begun(model);
  const auto too_small = [&] { model.fit_slots(0, one.budget_for(model, 1)); };
  check_error<BudgetExceeded>(too_small, {"device 0", "no room for 2 slots", "in use"});
  check_error<InvalidArgument>([&] { model.fit_slots(1, whole); }, {"device 1 has no slots"});
  CHECK(model.devices()[0]->arena().budget() == whole);
  one.check(batch.run());
  const auto resident = load<Resident>(one.checkpoint);
  check_error<InvalidArgument>([&] { resident.fit_slots(0, whole); }, {"all experts are in memory"});
}
