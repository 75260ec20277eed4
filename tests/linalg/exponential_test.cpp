// The exponential of eight lanes is Eigen's, bit for bit.
#include "asterism/linalg/exponential.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

#include <doctest/doctest.h>

#include "asterism/linalg/eigen.hpp"

namespace detail = asterism::linalg::detail;

namespace {

void exponentials(const float* x, float* out) { detail::store(detail::exponential(detail::load(x)), out); }

}  // namespace

#if !defined(__FMA__)  // where Eigen fuses, a compiler may fuse other steps
TEST_CASE("it has the bits of Eigen's exp, over all magnitudes, infinities and subnormal results") {
  std::size_t different = 0;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32U); bits += 8 * 4999) {
    Eigen::Array<float, 8, 1> x;
    for (int i = 0; i < 8; ++i)
      x[i] = std::bit_cast<float>(static_cast<std::uint32_t>(bits) + 4999U * unsigned(i));
    float found[8];
    exponentials(x.data(), found);
    const Eigen::Array<float, 8, 1> expected = x.exp();
    for (int i = 0; i < 8; ++i) {
      const bool same = std::bit_cast<std::uint32_t>(found[i]) == std::bit_cast<std::uint32_t>(expected[i]);
      different += same || (std::isnan(found[i]) && std::isnan(expected[i])) ? 0 : 1;
    }
  }
  CHECK(different == 0);
}
#endif

TEST_CASE("it is within two units in the last place of the exponential") {
  for (float first = -87; first < 88; first += 0.25F) {
    float x[8];
    float found[8];
    for (int i = 0; i < 8; ++i) x[i] = first + 0.03F * static_cast<float>(i);
    exponentials(x, found);
    for (int i = 0; i < 8; ++i) {
      const double expected = std::exp(double{x[i]});
      CHECK(std::fabs(found[i] - expected) <= 0x1p-22 * expected);
    }
  }
}

TEST_CASE("its ends: zero, infinity, NaN") {
  const float x[8] = {-INFINITY, -200.0F, 0.0F, -0.0F, 89.0F, INFINITY, NAN, 1e30F};
  float found[8];
  exponentials(x, found);
  CHECK(found[0] == found[1]);
  CHECK(found[1] < 1e-38F);
  CHECK(found[2] == 1.0F);
  CHECK(found[3] == 1.0F);
  CHECK(found[5] == INFINITY);
  CHECK(std::isnan(found[6]));
}
