// Weights and workspace on devices: what they draw, who may share them, who computes at a time.
#include "asterism/engine/engine.hpp"

#include <thread>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/plan.hpp"

#include "model/filled_network.hpp"

using namespace asterism;
using test::Exact;
using test::small_shape;

namespace {

using Engine = engine::Engine<Exact>;

placement::Plan plan_on(std::size_t devices) { return plan<Exact>(equal_devices(devices, 8_MiB), small_shape); }

/// What is drawn on a device before any sequence.
Bytes without_caches(const placement::Plan& plan, std::size_t device) {
  return plan.peak(device) - plan.bytes(device, placement::PartKind::kv_cache);
}

}  // namespace

TEST_CASE("an engine draws what the plan says, and gives it back") {
  const placement::Plan planned = plan_on(2);
  const auto devices = engine::devices_of<Exact>(planned, Exact::limits);
  {
    const Engine engine(planned, small_shape, Exact::limits, devices);
    CHECK(engine.shape() == small_shape);
    CHECK(engine.plan() == planned);
    CHECK(engine.limits() == Exact::limits);
    CHECK(engine.shared_devices() == devices);
    for (std::size_t d = 0; d < 2; ++d) {
      CHECK(engine.devices()[d]->arena().budget() == planned.budget(d));
      CHECK(engine.devices()[d]->arena().used() == without_caches(planned, d));
    }
  }
  for (std::size_t d = 0; d < 2; ++d) CHECK(devices->all()[d]->arena().used() == Bytes{0});
}

TEST_CASE("several engines share devices: their bytes add up, and the one without room is refused") {
  const placement::Plan planned = plan_on(1);
  placement::Plan tight = planned;
  tight.machine.capacity[0] = planned.peak(0) + without_caches(planned, 0);
  const auto devices = engine::devices_of<Exact>(tight, Exact::limits);
  const Engine first(planned, small_shape, Exact::limits, devices);
  const Engine second(planned, small_shape, Exact::limits, devices);
  CHECK(devices->all()[0]->arena().used() == without_caches(planned, 0) * 2);
  CHECK_THROWS_AS(Engine(planned, small_shape, Exact::limits, devices), BudgetExceeded);
  CHECK(devices->all()[0]->arena().used() == without_caches(planned, 0) * 2);  // nothing of it stays
}

TEST_CASE("one pass at a time on a set of devices, whatever the engine") {
  const placement::Plan planned = plan_on(1);
  placement::Plan room = planned;
  room.machine.capacity[0] = planned.peak(0) * 2;
  const auto devices = engine::devices_of<Exact>(room, Exact::limits);
  const Engine first(planned, small_shape, Exact::limits, devices);
  const Engine second(planned, small_shape, Exact::limits, devices);
  bool computed = false;
  std::thread other;
  {
    const auto lock = first.lock_workspace();
    CHECK(&lock.workspace().layers(0) != nullptr);
    CHECK_THROWS_WITH_AS(second.lock_workspace(), doctest::Contains("under way in this thread"), InvalidArgument);
    other = std::thread([&] {
      const auto waits = second.lock_workspace();
      computed = true;
    });
    CHECK_FALSE(computed);
  }
  other.join();
  CHECK(computed);
}
