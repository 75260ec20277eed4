// Sequential fills devices in order.
#include "asterism/placement/sequential.hpp"

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
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

constexpr Plan small = Sequential::plan(layers_of_100(48), equal_devices(8, 1_KiB));
static_assert(small.fits() && small.cuts[1] == 9 && small.cuts[2] == 19 && small.cuts[5] == 48 &&
              small.cuts[8] == 48);

}  // namespace

TEST_CASE("a device is full before the next one is begun") {
  Random random(8);
  for (int i = 0; i < 1000; ++i) {
    const MemoryFootprint footprint = laws::random_parts(random);
    const Machine machine = laws::random_machine(random, footprint);
    const Plan plan = Sequential::plan(footprint, machine);
    const bool copy = plan.tied_head == TiedHead::copied;
    for (std::size_t d = 0; d + 1 < plan.devices(); ++d) {
      const std::int32_t end = plan.cuts[d + 1];
      CHECK(plan.peak(d) <= machine.capacity[d]);
      // One layer more would be above the budget. (What a shared head could still be, copied or not, is settled.)
      if (end < footprint.layers && plan.tied_head != TiedHead::shared) {
        CHECK(bytes_of_cut(footprint, plan.cuts[d], end + 1, copy) > machine.capacity[d]);
      }
    }
  }
}

TEST_CASE("one device is enough where everything fits on it") {
  const Plan plan = Sequential::plan(layers_of_100(4), equal_devices(3, 480_B));  // 400 + 30 + 5 + 40 + 2 + 3
  CHECK(plan.cuts[1] == 4);
  CHECK(plan.peak(0) == 480_B);
  CHECK(plan.peak(1) == 0_B);
  const Plan less = Sequential::plan(layers_of_100(4), equal_devices(3, 479_B));
  CHECK(less.cuts[1] == 3);
  CHECK(less.peak(1) == 150_B);
}

TEST_CASE("a device that holds not one layer is left out") {
  Machine machine = equal_devices(3, 1_KiB);
  machine.capacity[0] = 131_B;  // one layer, embedding and workspace are 132
  const Plan plan = Sequential::plan(layers_of_100(4), machine);
  CHECK(plan.cuts[1] == 0);
  CHECK(plan.embedding_device() == 1);
  CHECK(plan.fits());
}

TEST_CASE("what fits nowhere stays on the last device") {
  const Plan plan = Sequential::plan(layers_of_100(10), equal_devices(2, 250_B));
  CHECK_FALSE(plan.fits());
  CHECK(plan.cuts[1] == 2);
  CHECK(plan.cuts[2] == 10);
  CHECK(plan.peak(1) == Bytes{800 + 5 + 40 + 2 + 3});
}

TEST_CASE("a tied head is shared, copied or handed over") {
  MemoryFootprint footprint = layers_of_100(4);
  footprint.tied = true;
  footprint.embedding = footprint.head = 60_B;
  SUBCASE("everything on one device: shared") {
    const Plan plan = Sequential::plan(footprint, equal_devices(2, 1_KiB));
    CHECK(plan.tied_head == TiedHead::shared);
    CHECK(plan.peak(0) == Bytes{400 + 60 + 5 + 2 + 3});
  }
  SUBCASE("room for a second matrix: copied") {
    const Plan plan = Sequential::plan(footprint, equal_devices(2, 300_B));
    CHECK(plan.tied_head == TiedHead::copied);
    CHECK(plan.cuts[1] == 2);
    CHECK(plan.peak(0) == Bytes{200 + 60 + 2});
    CHECK(plan.peak(1) == Bytes{200 + 60 + 5 + 2 + 3});
  }
  SUBCASE("no room for it: handed over") {
    const Plan plan = Sequential::plan(footprint, equal_devices(2, 265_B));
    CHECK(plan.tied_head == TiedHead::handed_over);
    CHECK(plan.fits());
    CHECK(plan.peak(0) == Bytes{200 + 60 + 2 + 3});
    CHECK(plan.peak(1) == Bytes{200 + 5 + 2});
  }
}
