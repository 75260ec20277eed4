// The plan's account: bytes by device and kind against a count by hand, and what becomes of a tied head.
#include "asterism/placement/plan.hpp"

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/machine/machine.hpp"

#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

// What device d holds, counted layer by layer.
Bytes by_hand(const MemoryFootprint& footprint, const Machine& machine, const Cuts& cuts, bool copy,
              std::size_t d) {
  const auto owner = [&](std::int32_t layer) {
    std::size_t device = 0;
    while (!(cuts[device] <= layer && layer < cuts[device + 1])) ++device;
    return device;
  };
  REQUIRE(d < machine.devices);
  const std::size_t first = owner(0);
  const std::size_t last = owner(footprint.layers - 1);
  Bytes sum{};
  for (std::int32_t layer = cuts[d]; layer < cuts[d + 1]; ++layer) {
    for (std::size_t r = 0; r < footprint.run_count; ++r) {
      const LayerRun& run = footprint.runs[r];
      if (!run.layers.contains(layer)) continue;
      for (std::int32_t i = 0; i < run.count; ++i) sum += run.each;
    }
  }
  if (cuts[d + 1] > cuts[d]) sum += footprint.layer_workspace;
  if (d == first) sum += footprint.embedding;
  if (d == last) sum += footprint.final_norm;
  if (d == last && !footprint.tied) sum += footprint.head;
  if (d == last && footprint.tied && copy && first != last) sum += footprint.embedding;
  const std::size_t head = footprint.tied && !copy ? first : last;
  if (d == head) sum += footprint.head_workspace;
  return sum;
}

constexpr MemoryFootprint tied_parts = [] {
  MemoryFootprint footprint;
  footprint.layers = 4;
  footprint.add(PartKind::experts, 2, 10_B);
  footprint.embedding = 100_B;
  footprint.final_norm = 1_B;
  footprint.head = 100_B;
  footprint.tied = true;
  footprint.layer_workspace = 5_B;
  footprint.head_workspace = 7_B;
  return footprint;
}();
constexpr Machine two = equal_devices(2, 200_B);
constexpr Cuts halves{0, 2, 4, 4, 4, 4, 4, 4, 4};
constexpr Cuts all_on_second{0, 0, 4, 4, 4, 4, 4, 4, 4};

constexpr Plan copied = assemble(tied_parts, two, halves, true);
static_assert(copied.tied_head == TiedHead::copied && copied.head_device() == 1);
static_assert(copied.peak(0) == Bytes{100 + 40 + 5} && copied.peak(1) == Bytes{40 + 5 + 1 + 100 + 7});
static_assert(copied.bytes(1, PartKind::head) == 100_B && copied.bytes(1, PartKind::workspace) == 12_B);
static_assert(copied.weight_bytes(0) == Bytes{100 + 40} && copied.weight_bytes(1) == Bytes{40 + 1 + 100});

constexpr Plan handed_over = assemble(tied_parts, two, halves, false);
static_assert(handed_over.tied_head == TiedHead::handed_over && handed_over.head_device() == 0);
static_assert(handed_over.peak(0) == Bytes{100 + 40 + 5 + 7} && handed_over.peak(1) == Bytes{40 + 5 + 1});
static_assert(handed_over.bytes(0, PartKind::head) == 0_B && handed_over.bytes(0, PartKind::workspace) == 12_B);

constexpr Plan shared = assemble(tied_parts, two, all_on_second, true);
static_assert(shared.tied_head == TiedHead::shared && shared.head_device() == 1 && shared.embedding_device() == 1);
static_assert(shared.weight_bytes(0) == 0_B && shared.weight_bytes(1) == Bytes{100 + 80 + 1});
static_assert(shared.peak(0) == 0_B && shared.peak(1) == Bytes{100 + 80 + 5 + 1 + 7});
static_assert(assemble(tied_parts, two, all_on_second, false) == shared);

constexpr MemoryFootprint untied_parts = [] {
  MemoryFootprint footprint = tied_parts;
  footprint.tied = false;
  footprint.head = 60_B;
  return footprint;
}();
constexpr Plan untied = assemble(untied_parts, two, halves, false);
static_assert(untied.tied_head == TiedHead::untied && untied.bytes(1, PartKind::head) == 60_B);
static_assert(assemble(untied_parts, two, halves, true) == untied);

}  // namespace

TEST_CASE("a plan's peaks are what a count by hand gives, and bytes_of_cut agrees") {
  Random random(5);
  int plans = 0;
  for (int i = 0; i < 150; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    const Machine machine = laws::random_machine(random, footprint);
    laws::for_each_cut(footprint.layers, machine.devices, [&](const Cuts& cuts) {
      for (const bool copy : {false, true}) {
        const Plan plan = assemble(footprint, machine, cuts, copy);
        int wrong = 0;
        for (std::size_t d = 0; d < machine.devices; ++d) {
          wrong += plan.peak(d) != by_hand(footprint, machine, cuts, copy, d) ? 1 : 0;
          wrong += plan.peak(d) != bytes_of_cut(footprint, cuts[d], cuts[d + 1], copy) ? 1 : 0;
        }
        CHECK(wrong == 0);
        ++plans;
      }
    });
  }
  CHECK(plans > 1000);
}

TEST_CASE("layers are found on the device whose range holds them") {
  const Plan plan = assemble(tied_parts, equal_devices(4, 1_KiB), {0, 0, 3, 3, 4, 4, 4, 4, 4}, true);
  CHECK(plan.device_of_layer(0) == 1);
  CHECK(plan.device_of_layer(2) == 1);
  CHECK(plan.device_of_layer(3) == 3);
  CHECK(plan.embedding_device() == 1);
  CHECK(plan.last_layer_device() == 3);
  CHECK(plan.largest_peak() == plan.peak(1));
}

TEST_CASE("a plan fits up to the last byte") {
  Machine machine = two;
  machine.capacity[0] = copied.peak(0);
  machine.capacity[1] = copied.peak(1);
  CHECK(assemble(tied_parts, machine, halves, true).fits());
  machine.capacity[1] -= 1_B;
  CHECK_FALSE(assemble(tied_parts, machine, halves, true).fits());
}

TEST_CASE("the longest list of placed runs has room") {
  MemoryFootprint footprint = untied_parts;
  footprint.layers = 8;
  footprint.run_count = 0;
  for (std::size_t i = 0; i < MemoryFootprint::max_runs; ++i) footprint.add(PartKind::experts, 1, 1_B);
  const Plan plan = assemble(footprint, equal_devices(8, 1_KiB), {0, 1, 2, 3, 4, 5, 6, 7, 8}, false);
  CHECK(plan.placed_count <= Plan::max_placed);
  Bytes sum{};
  for (std::size_t d = 0; d < 8; ++d) sum += plan.peak(d);
  CHECK(sum == Bytes{8 * MemoryFootprint::max_runs + 100 + 1 + 60 + 8 * 5 + 7});
}

TEST_CASE("no layers and no devices are refused") {
  MemoryFootprint none = tied_parts;
  none.layers = 0;
  CHECK_THROWS_AS(assemble(none, two, {}, false), InvalidArgument);
  CHECK_THROWS_AS(assemble(tied_parts, Machine{}, halves, false), InvalidArgument);
  Machine nine = two;
  nine.devices = 9;
  CHECK_THROWS_AS(assemble(tied_parts, nine, halves, false), InvalidArgument);
}
