// Machines by name.
#include "asterism/machine/catalogue.hpp"

#include <doctest/doctest.h>

#include "asterism/machine/machine.hpp"

using namespace asterism;

static_assert(machines::dual_16gb.devices == 2 && machines::dual_16gb.capacity[1] == 16_GiB);
static_assert(machines::single_16gb.devices == 1 && machines::single_16gb.capacity[0] == 16_GiB);
static_assert(machines::rtx_3090.devices == 1 && machines::rtx_3090.capacity[0] == 24_GiB);
static_assert(machines::vram14_ram90.devices == 2 && machines::vram14_ram90.capacity[0] == 14_GiB);
static_assert(!machines::vram14_ram90.is_host(0) && machines::vram14_ram90.is_host(1));
static_assert(machines::vram14_ram90.capacity[1] == 90_GiB);
static_assert(machines::ram12_disk30.devices == 1 && machines::ram12_disk30.is_host(0));
static_assert(machines::ram12_disk30.capacity[0] == 12_GiB && machines::ram12_disk30.disk == 30_GB);
static_assert(machines::dual_a6000.devices == 2 && machines::dual_a6000.capacity[0] == 48_GiB);

TEST_CASE("a card sold as 16 GB has 16 GiB") { CHECK(machines::dual_16gb == equal_devices(2, {17'179'869'184U})); }
