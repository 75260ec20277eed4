// What choosing the scale by least squares gains.
#include "asterism/quant/least_squares.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/quant/nf4_block.hpp"

#include "support/packed_matrix.hpp"

using namespace asterism;
using namespace asterism::quant;

namespace {

double squared_error(const float* values, int count, float scale) {
  const DivideByScale divide(scale);
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const double difference = double{values[i]} - double{nf4_table[nf4_code(divide(values[i]))] * scale};
    sum += difference * difference;
  }
  return sum;
}

template <class Q>
double relative_rms() {
  const std::size_t rows = 256;
  const std::size_t cols = 4096;
  Random random(11);
  std::vector<float> values(rows * cols);
  for (float& value : values) value = static_cast<float>(random.normal());
  const std::vector<float> decoded = test::PackedMatrix<Q>(rows, cols, values).decoded();
  double error = 0;
  double total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += (double{values[i]} - double{decoded[i]}) * (double{values[i]} - double{decoded[i]});
    total += double{values[i]} * double{values[i]};
  }
  return std::sqrt(error / total);
}

}  // namespace

TEST_CASE("relative RMS error on Gaussian weights at 4.127 bits") {
  CHECK(relative_rms<Nf4<64, DoubleQuantized>>() == doctest::Approx(0.0920).epsilon(0.005));
  CHECK(relative_rms<Nf4<64, DoubleQuantized, LeastSquares>>() < 0.0855);
  CHECK(relative_rms<Nf4<64, DoubleQuantized, SignedLeastSquares>>() < 0.0833);
}

TEST_CASE("relative RMS error of integers on Gaussian weights") {
  CHECK(relative_rms<Int4<32>>() == doctest::Approx(0.0971).epsilon(0.005));
  CHECK(relative_rms<Int4<128>>() == doctest::Approx(0.1171).epsilon(0.005));
  CHECK(relative_rms<Int4<32, LeastSquares>>() < 0.0866);
  CHECK(relative_rms<Int4<128, LeastSquares>>() < 0.1013);
  CHECK(relative_rms<Int4<32, SignedLeastSquares>>() < 0.0815);
  CHECK(relative_rms<Int4<128, SignedLeastSquares>>() < 0.0972);
  CHECK(relative_rms<Int8<32>>() < 0.0054);
  CHECK(relative_rms<Int8<32, LeastSquares>>() < 0.0050);
}

TEST_CASE("the scale is nearly the best of a fine search, and never worse than the largest magnitude") {
  Random random(12);
  double chosen = 0;
  double signed_chosen = 0;
  double best = 0;
  double signed_best = 0;
  for (int block = 0; block < 200; ++block) {
    float values[64];
    for (float& value : values) value = static_cast<float>(random.normal());
    const float largest = AbsMax::scale<Nf4Codes, 64>(values);
    const double error = squared_error(values, 64, LeastSquares::scale<Nf4Codes, 64>(values));
    const double signed_error = squared_error(values, 64, SignedLeastSquares::scale<Nf4Codes, 64>(values));
    double block_best = 1e30;
    double block_signed_best = 1e30;
    for (int i = 500; i < 1600; ++i) {
      const float scale = largest * static_cast<float>(i) / 1000;
      block_best = std::fmin(block_best, squared_error(values, 64, scale));
      block_signed_best = std::fmin(block_signed_best, squared_error(values, 64, -scale));
    }
    CHECK(error <= squared_error(values, 64, largest));
    chosen += error;
    best += block_best;
    signed_chosen += signed_error;
    signed_best += std::fmin(block_best, block_signed_best);
  }
  CHECK(chosen < 1.02 * best);
  CHECK(signed_chosen < 1.02 * signed_best);
}

TEST_CASE("values that the table can hold exactly are held exactly") {
  float values[64];
  for (int i = 0; i < 64; ++i) values[i] = 3 * nf4_table[static_cast<std::size_t>(i % 16)];
  CHECK(LeastSquares::scale<Nf4Codes, 64>(values) == doctest::Approx(3));
  for (float& value : values) value = -value;
  CHECK(SignedLeastSquares::scale<Nf4Codes, 64>(values) == doctest::Approx(-3));
}

TEST_CASE_TEMPLATE("values that integers can hold exactly are held exactly", Codes, IntegerCodes<4>,
                   IntegerCodes<8>) {
  float values[32];
  for (int i = 0; i < 32; ++i) values[i] = 0.25F * static_cast<float>(Codes::lowest + i % (Codes::highest + 1));
  values[31] = 0.25F * Codes::highest;
  CHECK(LeastSquares::scale<Codes, 32>(values) == doctest::Approx(0.25));
  for (float& value : values) value = -value;
  CHECK(std::fabs(SignedLeastSquares::scale<Codes, 32>(values)) == doctest::Approx(0.25));
}

TEST_CASE("extreme blocks get finite scales") {
  float values[64] = {};
  CHECK(LeastSquares::scale<Nf4Codes, 64>(values) == 0);
  CHECK(SignedLeastSquares::scale<Nf4Codes, 64>(values) == 0);
  for (const float magnitude : {std::numeric_limits<float>::max(), 1e-40F, 1e30F}) {
    for (int i = 0; i < 64; ++i) values[i] = i % 2 == 0 ? magnitude : -magnitude * 0.73F;
    CHECK_FALSE(not_finite(LeastSquares::scale<Nf4Codes, 64>(values)));
    CHECK(squared_error(values, 64, LeastSquares::scale<Nf4Codes, 64>(values)) <=
          1.0001 * squared_error(values, 64, magnitude));
    CHECK_FALSE(not_finite(SignedLeastSquares::scale<Nf4Codes, 64>(values)));
  }
}
