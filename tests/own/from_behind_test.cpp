#include "own/from_behind.hpp"

#include "asterism/machine/machine.hpp"

#include "laws/placement_laws.hpp"

namespace {

struct LastLeftOut {  // the device before the last gets its layers too
  static constexpr placement::Plan plan(const placement::MemoryFootprint& footprint, const Machine& machine) {
    placement::Plan plan = FromBehind::plan(footprint, machine);
    placement::Cuts cuts = plan.cuts;
    cuts[machine.devices - 1] = cuts[machine.devices];
    return placement::assemble(footprint, machine, cuts, false);
  }
};

}  // namespace

TEST_CASE("from behind obeys the laws") { laws::placement<FromBehind>(); }

TEST_CASE("a device that is left out is found" * doctest::should_fail()) { laws::placement<LastLeftOut>(); }
