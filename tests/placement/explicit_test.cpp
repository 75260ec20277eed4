// Explicit cuts as it was told, or not at all.
#include "asterism/placement/explicit.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/machine/machine.hpp"

#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

constexpr MemoryFootprint four_layers(bool tied) {
  MemoryFootprint footprint;
  footprint.layers = 4;
  footprint.add(PartKind::experts, 2, 10_B);
  footprint.embedding = 30_B;
  footprint.head = 30_B;
  footprint.tied = tied;
  return footprint;
}

constexpr Plan plan = Explicit<1, 3>::plan(four_layers(false), equal_devices(2, 90_B));
static_assert(plan.fits() && plan.cuts[1] == 1 && plan.cuts[8] == 4);
static_assert(plan.peak(0) == 50_B && plan.peak(1) == 90_B);
static_assert(!Explicit<0, 4>::plan(four_layers(false), equal_devices(2, 90_B)).fits());  // no other cut is tried
static_assert(Explicit<4>::plan(four_layers(false), equal_devices(2, 140_B)).peak(1) == 0_B);

template <class P>
std::string refusal(std::size_t devices) {
  try {
    P::plan(four_layers(false), equal_devices(devices, 1_KiB));
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("a tied head is copied where that fits, else handed over") {
  CHECK(Explicit<2, 2>::plan(four_layers(true), equal_devices(2, 70_B)).tied_head == TiedHead::copied);
  CHECK(Explicit<1, 3>::plan(four_layers(true), equal_devices(2, 89_B)).tied_head == TiedHead::handed_over);
  CHECK(Explicit<0, 4>::plan(four_layers(true), equal_devices(2, 1_KiB)).tied_head == TiedHead::shared);
}

TEST_CASE("counts that are not those of model and machine are refused") {
  CHECK(refusal<Explicit<1, 2>>(2) == "placement::Explicit places 3 layers, the model has 4");
  CHECK(refusal<Explicit<2, 3>>(2) == "placement::Explicit places 5 layers, the model has 4");
  CHECK(refusal<Explicit<2, 1, 1>>(2) == "placement::Explicit names 3 devices, the machine has 2");
}
