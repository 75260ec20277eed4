// BalancedLowFirst leaves the first device as free as the other budgets allow.
#include "asterism/placement/balanced_low_first.hpp"

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"

#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

constexpr MemoryFootprint layers_of_100(std::int32_t layers) {
  MemoryFootprint footprint;
  footprint.layers = layers;
  footprint.add(PartKind::experts, 10, 10_B);
  footprint.embedding = 30_B;
  footprint.final_norm = 5_B;
  footprint.head = 40_B;
  footprint.layer_workspace = 2_B;
  footprint.head_workspace = 3_B;
  return footprint;
}

constexpr Plan two = BalancedLowFirst::plan(layers_of_100(32), equal_devices(2, 1900_B));
static_assert(two.fits() && two.cuts[1] == 14 && two.cuts[2] == 32);  // 1850 on the second, one more were 1950
constexpr Plan eight = BalancedLowFirst::plan(layers_of_100(48), equal_devices(8, 1_KiB));
static_assert(eight.fits() && eight.cuts[1] == 1 && eight.cuts[2] == 8 && eight.cuts[8] == 48);

// Deep models on many devices stay within every compiler's limits of constant evaluation, whatever fits.
constexpr MemoryFootprint deep(bool tied) {
  MemoryFootprint footprint;
  footprint.layers = 94;
  for (const PartKind kind : {PartKind::attention, PartKind::norms, PartKind::router, PartKind::kv_cache})
    footprint.add(kind, 1, 10_B);
  footprint.add(PartKind::experts, 128, 10_B);
  footprint.embedding = footprint.head = 500_B;
  footprint.tied = tied;
  footprint.layer_workspace = footprint.head_workspace = 50_B;
  return footprint;
}
constexpr Machine first_holds_nothing = [] {
  Machine machine = equal_devices(8, 20_KiB);
  machine.capacity[0] = 500_B;
  return machine;
}();
static_assert(BalancedLowFirst::plan(deep(true), equal_devices(8, 17_KiB)).tied_head == TiedHead::copied);
static_assert(BalancedLowFirst::plan(deep(true), first_holds_nothing).cuts[1] == 0);
static_assert(!BalancedLowFirst::plan(deep(true), equal_devices(8, 1_KiB)).fits());
static_assert(BalancedLowFirst::plan(deep(false), equal_devices(8, 17_KiB)).fits());

}  // namespace

TEST_CASE("the first device runs as few layers as any cut that fits, one at least and not all") {
  Random random(11);
  int copied = 0;
  int handed_over = 0;
  int others = 0;
  for (int i = 0; i < 1500; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    const Machine machine = laws::random_machine(random, footprint);
    std::int32_t fewest[2] = {footprint.layers, footprint.layers};  // a tied head handed over, copied
    laws::for_each_cut(footprint.layers, machine.devices, [&](const Cuts& cuts) {
      for (const bool copy : {false, true}) {
        if (cuts[1] < 1 || cuts[1] >= fewest[copy ? 1 : 0] || !assemble(footprint, machine, cuts, copy).fits())
          continue;
        fewest[copy ? 1 : 0] = cuts[1];
      }
    });
    const Plan plan = BalancedLowFirst::plan(footprint, machine);
    if (fewest[1] < footprint.layers) {
      ++copied;
      CHECK(plan.cuts[1] == fewest[1]);
      CHECK(plan.tied_head == (footprint.tied ? TiedHead::copied : TiedHead::untied));
    } else if (fewest[0] < footprint.layers) {
      ++handed_over;
      CHECK(plan.cuts[1] == fewest[0]);
      CHECK(plan.tied_head == TiedHead::handed_over);
    } else {
      ++others;
      CHECK(plan == Balanced::plan(footprint, machine));
    }
  }
  CHECK(copied > 300);
  CHECK(handed_over > 10);
  CHECK(others > 300);
}

TEST_CASE("the devices behind the first one are balanced") {
  const Plan plan = BalancedLowFirst::plan(layers_of_100(10), equal_devices(4, 1_KiB));
  CHECK(plan.cuts[1] == 1);
  CHECK(plan.peak(0) == 132_B);
  CHECK(plan.peak(1) == 302_B);
  CHECK(plan.peak(2) == 302_B);
  CHECK(plan.peak(3) == 350_B);
}

TEST_CASE("a tied head is copied where that fits, else handed over") {
  MemoryFootprint footprint = layers_of_100(4);
  footprint.tied = true;
  footprint.embedding = footprint.head = 60_B;
  const Plan copied = BalancedLowFirst::plan(footprint, equal_devices(2, 370_B));
  CHECK(copied.tied_head == TiedHead::copied);  // 300 + 60 + 5 + 2 + 3
  CHECK(copied.cuts[1] == 1);
  const Plan handed_over = BalancedLowFirst::plan(footprint, equal_devices(2, 265_B));
  CHECK(handed_over.tied_head == TiedHead::handed_over);
  CHECK(handed_over.cuts[1] == 2);
  CHECK(handed_over.fits());
}

TEST_CASE("where the first device holds no layer, Balanced leaves it free") {
  Machine machine = equal_devices(3, 1_KiB);
  machine.capacity[0] = 131_B;  // one layer, embedding and workspace are 132
  const Plan plan = BalancedLowFirst::plan(layers_of_100(4), machine);
  CHECK(plan.fits());
  CHECK(plan.cuts[1] == 0);
  CHECK(plan == Balanced::plan(layers_of_100(4), machine));
}

TEST_CASE("one device, one layer, no room") {
  CHECK(BalancedLowFirst::plan(layers_of_100(4), equal_devices(1, 1_KiB)).fits());
  CHECK(BalancedLowFirst::plan(layers_of_100(1), equal_devices(2, 1_KiB)).fits());
  const Plan over = BalancedLowFirst::plan(layers_of_100(10), equal_devices(2, 250_B));
  CHECK_FALSE(over.fits());
  CHECK(over.cuts[2] == 10);
}
