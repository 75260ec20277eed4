// Host devices hold 4-bit weights only where they are asked to, and others only what is left over.
#include "asterism/placement/accelerators_first.hpp"

#include <doctest/doctest.h>

#include "asterism/core/bytes.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/balanced.hpp"

#include "laws/placement_laws.hpp"

using namespace asterism;
using namespace asterism::placement;

namespace {

using Default = AcceleratorsFirst<Balanced>;
using Asked = AcceleratorsFirst<Balanced, HostPlacement::any_width>;

constexpr MemoryFootprint ten_layers(std::int32_t code_bits) {
  MemoryFootprint footprint;
  footprint.layers = 10;
  footprint.add(PartKind::experts, 10, 10_B);
  footprint.code_bits = code_bits;
  return footprint;
}

constexpr Machine machine(Bytes accelerator, Bytes host, std::size_t host_at) {
  Machine out;
  for (std::size_t d = 0; d < 3; ++d) {
    out.add(d == host_at ? host : accelerator, d == host_at ? DeviceKind::host : DeviceKind::accelerator);
  }
  return out;
}

constexpr Plan withheld = Default::plan(ten_layers(4), machine(400_B, 1_KiB, 2));
static_assert(!withheld.fits() && withheld.peak(2) == 0_B && withheld.peak(0) == 500_B);
constexpr Plan asked = Asked::plan(ten_layers(4), machine(400_B, 1_KiB, 2));
static_assert(asked.fits() && asked.peak(0) == 400_B && asked.peak(1) == 400_B && asked.peak(2) == 200_B);
static_assert(Default::plan(ten_layers(0), machine(400_B, 1_KiB, 2)).cuts == asked.cuts);
static_assert(!withholds_host(HostPlacement::above_four_bits, ten_layers(5), machine(1_B, 1_B, 0)));
static_assert(!withholds_host(HostPlacement::above_four_bits, ten_layers(0), machine(1_B, 1_B, 0)));

}  // namespace

TEST_CASE("where the accelerators have room the host holds nothing, whatever was asked") {
  for (const std::size_t host_at : {0, 1, 2}) {
    CAPTURE(host_at);
    for (const std::int32_t bits : {4, 0}) {
      for (const Plan& plan : {Default::plan(ten_layers(bits), machine(600_B, 10_KiB, host_at)),
                               Asked::plan(ten_layers(bits), machine(600_B, 10_KiB, host_at))}) {
        CHECK(plan.fits());
        CHECK(plan.peak(host_at) == 0_B);
        CHECK(plan.largest_peak() == 500_B);
        CHECK(plan.machine == machine(600_B, 10_KiB, host_at));
      }
    }
  }
}

TEST_CASE("a machine of host memory alone, or of accelerators alone, is planned by the policy") {
  Machine host;
  host.add(1_KiB, DeviceKind::host);
  CHECK(Default::plan(ten_layers(4), host).fits());
  CHECK(Default::plan(ten_layers(4), host) == Balanced::plan(ten_layers(4), host));
  CHECK(Default::plan(ten_layers(4), equal_devices(3, 1_KiB)) ==
        Balanced::plan(ten_layers(4), equal_devices(3, 1_KiB)));
}

TEST_CASE("a tied head keeps what the policy chose for it") {
  MemoryFootprint footprint = ten_layers(4);
  footprint.tied = true;
  footprint.embedding = footprint.head = 30_B;
  footprint.head_workspace = 80_B;
  Machine uneven = machine(1_KiB, 1_KiB, 0);
  uneven.capacity[2] = 2_KiB;
  Machine two = equal_devices(2, 1_KiB);
  two.capacity[1] = 2_KiB;
  CHECK(Default::plan(footprint, uneven).tied_head == Balanced::plan(footprint, two).tied_head);
  CHECK(Default::plan(footprint, uneven).peak(2) == Balanced::plan(footprint, two).peak(1));
}
