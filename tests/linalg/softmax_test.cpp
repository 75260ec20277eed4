// Softmax, its pieces, and log_sum_exp against double.
#include "asterism/linalg/softmax.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "support/rows.hpp"

using namespace asterism;

namespace {

std::vector<double> reference(const std::vector<float>& x) {
  double most = x[0];
  for (const float value : x) most = value > most ? value : most;
  double total = 0;
  for (const float value : x) total += std::exp(value - most);
  std::vector<double> y;
  for (const float value : x) y.push_back(std::exp(value - most) / total);
  return y;
}

void check_close(const std::vector<float>& found, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(std::fabs(found[i] - expected[i]) <= 4e-6 * expected[i] + 1e-37);
    sum += found[i];
  }
  CHECK(std::fabs(sum - 1) < 1e-5);
}

}  // namespace

TEST_CASE("softmax equals double within its rounding") {
  for (std::size_t size = 1; size <= 70; ++size) {
    for (const float scale : {0.01F, 1.0F, 10.0F}) {
      std::vector<float> x = test::random_row(size, size, scale);
      const std::vector<double> expected = reference(x);
      linalg::softmax(x);
      check_close(x, expected);
    }
  }
}

TEST_CASE("softmax of large values neither overflows nor vanishes") {
  for (const float shift : {1000.0F, -1000.0F, 3e38F, -3e38F}) {
    std::vector<float> x{shift, shift, shift, shift};
    linalg::softmax(x);
    CHECK(x == std::vector<float>(4, 0.25F));
  }
  std::vector<float> x{3e38F, -3e38F, 0.0F, 3e38F, 1e30F, -std::numeric_limits<float>::infinity(),
                       5.0F,  6.0F,   7.0F};
  linalg::softmax(x);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::fabs(x[i] - (i == 0 || i == 3 ? 0.5F : 0.0F)) < 1e-37F);
  std::vector<float> far{0.0F, -80.0F, -103.0F, -1e5F};
  const std::vector<double> expected = reference(far);
  linalg::softmax(far);
  check_close(far, expected);
}

TEST_CASE("softmax has the same bits wherever its row lies") {
  for (std::size_t size = 1; size <= 70; ++size) {
    const std::vector<float> row = test::random_row(size, size, 3);
    std::vector<float> expected = row;
    linalg::softmax(expected);
    for (std::size_t offset = 0; offset < 16; ++offset) {
      test::PlacedRow x(row, offset, offset % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : 1e30F);
      linalg::softmax(x.view());
      CHECK(test::same_bits(x.view(), expected));
      CHECK(x.neighbours_intact());
    }
  }
}

TEST_CASE("equal elements get equal bits at every place of a row") {
  for (std::size_t size = 1; size <= 70; ++size) {
    for (const float value : {0.3F, -7.7F, 11.0F}) {
      std::vector<float> x(size, value);
      x.push_back(12.0F);
      linalg::softmax(x);
      for (std::size_t i = 0; i < size; ++i) CHECK(x[i] == x[0]);
    }
  }
}

TEST_CASE("exponentials returns their sum") {
  for (std::size_t size = 0; size <= 70; ++size) {
    const std::vector<float> before = test::random_row(size, size);
    std::vector<float> x = before;
    const float total = linalg::exponentials(x, 2.5F);
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double expected = std::exp(double{before[i]} - 2.5);
      CHECK(std::fabs(x[i] - expected) <= 1e-6 * expected);
      sum += expected;
    }
    CHECK(std::fabs(total - sum) <= 2e-6 * sum);
  }
}

TEST_CASE("maximum finds the largest element at every place") {
  for (std::size_t size = 1; size <= 70; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::vector<float> x(size, -5.0F);
      x[at] = -4.0F;
      CHECK(linalg::maximum(x) == -4.0F);
    }
  }
}

TEST_CASE("log_sum_exp equals double, for large values too") {
  for (std::size_t size = 1; size <= 70; ++size) {
    for (const float shift : {0.0F, 1e4F, -1e4F}) {
      std::vector<float> x = test::random_row(size, size);
      double total = 0;
      for (float& value : x) {
        value += shift;
        total += std::exp(double{value} - shift);
      }
      CHECK(std::fabs(linalg::log_sum_exp(x) - (shift + std::log(total))) < 1e-10 * (1 + std::fabs(shift)));
    }
  }
}
