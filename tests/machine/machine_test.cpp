// Machines as values.
#include "asterism/machine/machine.hpp"

#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

using namespace asterism;

namespace {

constexpr Machine two = equal_devices(2, 16_GiB);
static_assert(two.devices == 2 && two.capacity[0] == 16_GiB && two.capacity[1] == 16_GiB &&
              two.capacity[2] == 0_B);
static_assert(two.limited_to(14_GiB) == equal_devices(2, 14_GiB));
static_assert(two.limited_to(20_GiB) == two);
static_assert(two != equal_devices(3, 16_GiB));

constexpr Machine unequal{.capacity = {8_GiB, 24_GiB}, .devices = 2};
static_assert(unequal.limited_to(14_GiB) == Machine{.capacity = {8_GiB, 14_GiB}, .devices = 2});

constexpr Machine with_host = [] {
  Machine machine = equal_devices(2, 16_GiB);
  machine.add(64_GiB, DeviceKind::host);
  return machine;
}();
static_assert(with_host.devices == 3 && with_host.is_host(2) && !with_host.is_host(0));
static_assert(with_host.accelerators() == two && two.accelerators() == two);
static_assert(with_host.limited_to(14_GiB).is_host(2));
static_assert(with_host !=
              Machine{.capacity = {16_GiB, 16_GiB, 64_GiB}, .devices = 3});  // the kind tells them apart

constexpr Machine with_disk = [] {
  Machine machine = with_host;
  machine.rates[0] = 300_GB;
  machine.disk = 30_GB;
  machine.disk_rate = 1_GB;
  return machine;
}();
static_assert(with_disk != with_host && with_disk.accelerators().disk_rate == 1_GB);
static_assert(with_disk.accelerators().rates[0] == 300_GB && with_disk.limited_to(1_GiB).disk == 30_GB);

constexpr Machine with_speeds = [] {
  Machine machine;
  machine.add(64_GiB, DeviceKind::host);
  machine.add(16_GiB, DeviceKind::accelerator, 288_GB);
  machine.integer_peaks = {1, 2};
  machine.float_peaks = {3, 4};
  machine.link_rate = 12_GB;
  machine.link_nanoseconds = 5;
  return machine;
}();
// What is known of a device goes with it.
static_assert(with_speeds.accelerators().integer_peaks[0] == 2 && with_speeds.accelerators().float_peaks[0] == 4);
static_assert(with_speeds.accelerators().rates[0] == 288_GB && with_speeds.accelerators().integer_peaks[1] == 0);
static_assert(with_speeds.accelerators().link_rate == 12_GB && with_speeds.accelerators().link_nanoseconds == 5);

template <Machine machine>
constexpr std::size_t as_template_argument = machine.devices;
static_assert(as_template_argument<equal_devices(8, 1_GiB)> == 8);
static_assert(as_template_argument<with_host> == 3);

}  // namespace

TEST_CASE("a machine has one to eight devices") {
  CHECK(equal_devices(Machine::max_devices, 1_B).devices == 8);
  for (const std::size_t count : {std::size_t{0}, std::size_t{9}, ~std::size_t{0}}) {
    std::string message;
    try {
      equal_devices(count, 1_GiB);
    } catch (const InvalidArgument& error) {
      message = error.what();
    }
    CHECK(message == concat("a machine has 1 to 8 devices, not ", count));
  }
  Machine full = equal_devices(8, 1_B);
  CHECK_THROWS_AS(full.add(1_B, DeviceKind::host), InvalidArgument);
  CHECK(full == equal_devices(8, 1_B));
}
