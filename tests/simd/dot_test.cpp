// Products of pairs agree with sums in double on every level, for any length.
#include "asterism/simd/dot.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "support/levels.hpp"

using namespace asterism;

TEST_CASE("a product of two vectors is within its bound of the exact one, on every level") {
  Random random(2);
  for (const simd::Level level : test::levels()) {
    const simd::Dot dot = simd::dot(level);
    for (std::size_t n = 0; n < 200; ++n) {
      CAPTURE(n);
      std::vector<float> a(n + 1);
      std::vector<float> b(n + 3);
      for (float& x : a) x = static_cast<float>(random.normal());
      for (float& x : b) x = static_cast<float>(random.normal());
      double sum = 0;
      double magnitude = 0;
      for (std::size_t i = 0; i < n; ++i) {
        sum += double{a[i + 1]} * double{b[i + 3]};
        magnitude += std::abs(double{a[i + 1]} * double{b[i + 3]});
      }
      const float found = dot(a.data() + 1, b.data() + 3, n);  // at any address
      CHECK(std::abs(double{found} - sum) <= magnitude * static_cast<double>(n) * 0x1p-24);
      CHECK(dot(a.data() + 1, b.data() + 3, n) == found);
    }
  }
}
