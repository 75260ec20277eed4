// The machine that runs the tests.
#include "asterism/machine/probe.hpp"

#include <doctest/doctest.h>

#include "asterism/machine/machine.hpp"

using namespace asterism;

TEST_CASE("this machine is one host device with some memory") {
  const Machine machine = machines::this_machine();
  CHECK(machine.devices == 1);
  CHECK(machine.is_host(0));
  CHECK(machine.capacity[0] > 1_MiB);
  CHECK(machine.capacity[0] < 1'000'000_GiB);
}
