// RMSNorm against double, and equal bits wherever a row lies.
#include "asterism/linalg/rms_norm.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "support/rows.hpp"

using namespace asterism;

namespace {

std::vector<double> reference(const std::vector<float>& x, const std::vector<float>& weight, float epsilon) {
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  const double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  std::vector<double> y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(weight[i] * (x[i] * scale));
  return y;
}

}  // namespace

TEST_CASE("rms_norm equals double within its rounding") {
  for (std::size_t size = 1; size <= 70; ++size) {
    for (const float scale : {1e-3F, 1.0F, 1e6F}) {
      const std::vector<float> x = test::random_row(size, size, scale);
      const std::vector<float> weight = test::random_row(size, 300 + size);
      const std::vector<double> expected = reference(x, weight, 1e-5F);
      std::vector<float> y(size, -7.0F);
      linalg::rms_norm(x, weight, 1e-5F, y);
      for (std::size_t i = 0; i < size; ++i) CHECK(std::fabs(y[i] - expected[i]) <= 2e-6 * std::fabs(expected[i]));
    }
  }
}

TEST_CASE("rms_norm of zeros is zero") {
  std::vector<float> x(9);
  linalg::rms_norm(x, std::vector<float>(9, 3.0F), 1e-5F, x);
  CHECK(x == std::vector<float>(9));
}

TEST_CASE("rms_norm has the same bits wherever its rows lie, and in place") {
  for (std::size_t size = 1; size <= 70; ++size) {
    const std::vector<float> x = test::random_row(size, size);
    const std::vector<float> weight = test::random_row(size, 400 + size);
    std::vector<float> expected(size);
    linalg::rms_norm(x, weight, 1e-6F, expected);
    for (std::size_t offset = 0; offset < 16; ++offset) {
      const float neighbour = offset % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : -1e30F;
      test::PlacedRow in(x, offset, neighbour);
      test::PlacedRow w(weight, (3 * offset + 1) % 16, neighbour);
      test::PlacedRow out(std::vector<float>(size), (5 * offset) % 16, neighbour);
      linalg::rms_norm(in.view(), w.view(), 1e-6F, out.view());
      CHECK(test::same_bits(out.view(), expected));
      CHECK(out.neighbours_intact());
      linalg::rms_norm(in.view(), w.view(), 1e-6F, in.view());
      CHECK(test::same_bits(in.view(), expected));
      CHECK(in.neighbours_intact());
    }
  }
}
