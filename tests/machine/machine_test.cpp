// Machines as values.
#include "asterism/machine/machine.hpp"

#include <string>

#include <doctest/doctest.h>

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

template <Machine machine>
constexpr std::size_t as_template_argument = machine.devices;
static_assert(as_template_argument<equal_devices(8, 1_GiB)> == 8);

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
}
