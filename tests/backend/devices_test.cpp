// Logical devices by budgets, and by hand.
#include "asterism/backend/devices.hpp"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"

using namespace asterism;
using backend::Host;
using Devices = backend::Devices<Host>;

TEST_CASE("a device for each budget, numbered in their order") {
  const std::vector<Bytes> budgets = {1_KiB, 2_KiB, 0_B};
  const Devices devices(View<const Bytes>(budgets), 2);
  REQUIRE(devices.size() == 3);
  for (std::size_t d = 0; d < 3; ++d) {
    CHECK(devices.all()[d]->device() == static_cast<std::int32_t>(d));
    CHECK(devices.all()[d]->arena().budget() == budgets[d]);
    CHECK(devices.all()[d]->arena().used() == 0_B);
  }
}

TEST_CASE("devices made by the caller have to be numbered 0, 1, 2 ...") {
  const auto execution = std::make_shared<Host::ExecutionPolicy>(1);
  const auto made = [&](std::vector<std::int32_t> numbers) {
    std::vector<std::unique_ptr<Host>> out;
    for (const std::int32_t number : numbers) out.push_back(std::make_unique<Host>(number, 1_KiB, execution));
    return out;
  };
  CHECK(Devices(made({0, 1})).size() == 2);
  CHECK_THROWS_WITH_AS(Devices(made({1, 0})), doctest::Contains("numbered 0, 1, 2"), InvalidArgument);
  CHECK_THROWS_AS(Devices(made({1})), InvalidArgument);
  auto missing = made({0, 1});
  missing[1] = nullptr;
  CHECK_THROWS_AS(Devices(std::move(missing)), InvalidArgument);
}
