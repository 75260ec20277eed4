// Balanced against all possible cuts, and in constant expressions of full size.
#include "asterism/placement/balanced.hpp"

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"

#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

double fullest(const Plan& plan) {
  double most = 0;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    if (plan.peak(d) == 0_B) continue;
    const double share = static_cast<double>(plan.peak(d).count) / static_cast<double>(plan.budget(d).count);
    most = share > most ? share : most;
  }
  return most;
}

// MemoryFootprint of the size of the largest models: 48 layers of 512 experts, a large vocabulary.
constexpr MemoryFootprint many_experts(bool tied) {
  MemoryFootprint footprint;
  footprint.layers = 48;
  footprint.add(PartKind::attention, 1, 14_MiB);
  footprint.add(PartKind::norms, 1, 16_KiB);
  footprint.add(PartKind::router, 1, 4_MiB);
  footprint.add(PartKind::experts, 512, 1'622'016_B);
  footprint.add(PartKind::kv_cache, 1, 16_MiB);
  footprint.embedding = 600_MiB;
  footprint.final_norm = 8_KiB;
  footprint.head = 600_MiB;
  footprint.tied = tied;
  footprint.layer_workspace = 100_MiB;
  footprint.head_workspace = 10_MiB;
  return footprint;
}

constexpr bool layers_differ_by_at_most(const Plan& plan, std::int32_t most) {
  for (std::size_t a = 0; a < plan.devices(); ++a) {
    for (std::size_t b = 0; b < plan.devices(); ++b) {
      if (plan.cuts[a + 1] - plan.cuts[a] - (plan.cuts[b + 1] - plan.cuts[b]) > most) return false;
    }
  }
  return true;
}

constexpr Plan on_two = Balanced::plan(many_experts(false), equal_devices(2, 24_GiB));
static_assert(on_two.fits() && on_two.cuts[1] == 24 && on_two.cuts[2] == 48);
constexpr Plan on_eight = Balanced::plan(many_experts(false), equal_devices(8, 16_GiB));
static_assert(on_eight.fits() && layers_differ_by_at_most(on_eight, 1));
constexpr Plan tied_on_two = Balanced::plan(many_experts(true), equal_devices(2, 24_GiB));
static_assert(tied_on_two.fits() && tied_on_two.tied_head == TiedHead::handed_over && tied_on_two.cuts[1] == 24);
constexpr Plan tied_on_eight = Balanced::plan(many_experts(true), equal_devices(8, 16_GiB));
static_assert(tied_on_eight.fits() && tied_on_eight.tied_head != TiedHead::shared);
static_assert(!Balanced::plan(many_experts(false), equal_devices(2, 16_GiB)).fits());

}  // namespace

TEST_CASE("the fullest device is as little full as any cut allows") {
  Random random(6);
  int handed_over = 0;
  for (int i = 0; i < 1500; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    Machine machine = laws::random_machine(random, footprint);
    for (std::size_t d = 0; d < machine.devices; ++d) machine.capacity[d] += 1_B;
    double least = 1e300;
    laws::for_each_cut(footprint.layers, machine.devices, [&](const Cuts& cuts) {
      for (const bool copy : {false, true}) {
        const double share = fullest(assemble(footprint, machine, cuts, copy));
        least = share < least ? share : least;
      }
    });
    const Plan plan = Balanced::plan(footprint, machine);
    CHECK(fullest(plan) == least);
    handed_over += plan.tied_head == TiedHead::handed_over ? 1 : 0;
  }
  CHECK(handed_over > 10);
}

TEST_CASE("a device without a budget gets nothing where the others hold everything") {
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    Machine machine = equal_devices(3, 10_KiB);
    machine.capacity[random.below(3)] = 0_B;
    const Plan plan = Balanced::plan(footprint, machine);
    CHECK(plan.fits());
  }
}

TEST_CASE("constants and run-time values are cut alike") {
  CHECK(Balanced::plan(many_experts(false), equal_devices(8, 16_GiB)) == on_eight);
  CHECK(Balanced::plan(many_experts(true), equal_devices(2, 24_GiB)) == tied_on_two);
}

TEST_CASE("a tied head goes where the fullest device stays less full") {
  MemoryFootprint footprint;
  footprint.layers = 4;
  footprint.add(PartKind::experts, 1, 100_B);
  footprint.tied = true;
  SUBCASE("one device: one matrix") {
    footprint.embedding = footprint.head = 50_B;
    const Plan plan = Balanced::plan(footprint, equal_devices(1, 1_KiB));
    CHECK(plan.tied_head == TiedHead::shared);
    CHECK(plan.peak(0) == 450_B);
  }
  SUBCASE("a copy would make the second device fuller: handed over") {
    footprint.embedding = footprint.head = 90_B;
    const Plan plan = Balanced::plan(footprint, equal_devices(2, 1_KiB));
    CHECK(plan.tied_head == TiedHead::handed_over);
    CHECK(plan.peak(0) == 290_B);
    CHECK(plan.peak(1) == 200_B);
  }
  SUBCASE("equal shares: handed over, which costs no memory") {
    footprint.embedding = footprint.head = 50_B;
    const Plan plan = Balanced::plan(footprint, equal_devices(2, 1_KiB));
    CHECK(plan.tied_head == TiedHead::handed_over);
    CHECK(plan.peak(0) == 250_B);
    CHECK(plan.peak(1) == 200_B);
  }
  SUBCASE("a large head workspace beside the embedding: copied") {
    footprint.embedding = footprint.head = 50_B;
    footprint.head_workspace = 40_B;
    const Plan plan = Balanced::plan(footprint, equal_devices(2, 1_KiB));
    CHECK(plan.tied_head == TiedHead::handed_over);  // 290 and 200; a copy: 250 and 290
    footprint.embedding = footprint.head = 30_B;
    footprint.head_workspace = 80_B;
    Machine second_larger = equal_devices(2, 1_KiB);
    second_larger.capacity[1] = 2_KiB;
    const Plan copied = Balanced::plan(footprint, second_larger);  // handed over: 210 of 1024 and 300 of 2048
    CHECK(copied.tied_head == TiedHead::copied);                   // a copy: 130 of 1024 and 410 of 2048
    CHECK(copied.peak(0) == 130_B);
    CHECK(copied.peak(1) == 410_B);
  }
}

TEST_CASE("more layers than Balanced handles are refused") {
  MemoryFootprint footprint;
  footprint.layers = 257;
  footprint.add(PartKind::experts, 1, 1_B);
  CHECK_THROWS_AS(Balanced::plan(footprint, equal_devices(2, 1_KiB)), InvalidArgument);
  footprint.layers = 256;
  footprint.runs[0].layers = LayerSet::range(0, 256);
  CHECK(Balanced::plan(footprint, equal_devices(2, 1_KiB)).cuts[1] == 128);
}
