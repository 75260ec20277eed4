#include "asterism/backend/dropout.hpp"

#include <cstdint>
#include <set>

#include <doctest/doctest.h>

using namespace asterism;
using backend::Dropout;

TEST_CASE("what stays is divided by the probability to stay, exactly as often as it stays") {
  for (const float rate : {0.0F, 0.1F, 0.5F, 0.9999F}) {
    const Dropout dropout{.rate = rate};
    const double stays = (65536 - dropout.threshold()) / 65536.0;
    CHECK(stays == doctest::Approx(1 - static_cast<double>(rate)).epsilon(1e-4).scale(0.1));
    CHECK(static_cast<double>(dropout.scale()) * stays == doctest::Approx(1));
  }
}

TEST_CASE("streams, rows and columns draw apart, and the same for ever") {
  std::set<std::uint64_t> drawn;
  for (std::uint64_t step = 0; step < 10; ++step) {
    for (std::uint64_t row = 0; row < 10; ++row) {
      for (std::uint64_t quad = 0; quad < 10; ++quad)
        drawn.insert(Dropout{.rate = 0.1F, .stream = 1}.at(step).draw(row, quad));
    }
  }
  CHECK(drawn.size() == 1000);
  // A run that goes on after an update of the toolkit drops what it would have dropped.
  static_assert(Dropout{.stream = 1}.at(2).at(3).draw(4, 5) == 0xC273BCD50B53C863U);
}
