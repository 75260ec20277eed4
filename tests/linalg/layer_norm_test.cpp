// Layer normalisation against double, and equal bits wherever a row lies.
#include "asterism/linalg/layer_norm.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "support/rows.hpp"

using namespace asterism;

namespace {

std::vector<double> reference(const std::vector<float>& x, const std::vector<float>& weight,
                              const std::vector<float>& bias, float epsilon) {
  double mean = 0;
  for (const float value : x) mean += double{value} / static_cast<double>(x.size());
  double squares = 0;
  for (const float value : x) squares += (double{value} - mean) * (double{value} - mean);
  const double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + double{epsilon});
  std::vector<double> y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    y.push_back(double{weight[i]} * ((double{x[i]} - mean) * scale) + double{bias[i]});
  }
  return y;
}

}  // namespace

TEST_CASE("layer_norm equals double within its rounding") {
  for (std::size_t size = 1; size <= 70; ++size) {
    for (const float scale : {1e-3F, 1.0F, 1e6F}) {
      for (const float shift : {0.0F, 3.0F}) {
        std::vector<float> x = test::random_row(size, size, scale);
        for (float& value : x) value += shift * scale;
        const std::vector<float> weight = test::random_row(size, 300 + size);
        const std::vector<float> bias = test::random_row(size, 600 + size);
        const std::vector<double> expected = reference(x, weight, bias, 1e-5F);
        std::vector<float> y(size, -7.0F);
        linalg::layer_norm(x, weight, bias, 1e-5F, y);
        for (std::size_t i = 0; i < size; ++i) CHECK(std::fabs(double{y[i]} - expected[i]) <= 1e-5);
      }
    }
  }
}

TEST_CASE("layer_norm of equal numbers is the bias, and y may be x") {
  const std::vector<float> weight(9, 2.0F);
  const std::vector<float> bias = test::random_row(9, 1);
  std::vector<float> x(9, 4.0F);
  linalg::layer_norm(x, weight, bias, 1e-12F, x);
  CHECK(x == bias);
}
