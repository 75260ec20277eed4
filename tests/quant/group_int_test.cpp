// Int8 and Int4: bytes, scales as stored, the ends of a scale's range, and a naive encoder in double precision.
#include "asterism/quant/group_int.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/least_squares.hpp"

#include "support/packed_matrix.hpp"

using namespace asterism;
using namespace asterism::quant;
using test::PackedMatrix;

namespace {

std::vector<float> gaussian(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

template <class Q>
float scale_of(const PackedMatrix<Q>& matrix, std::size_t group) {
  return Q::scales(matrix.view())(group);
}

template <class Q>
double largest_error(const std::vector<float>& values) {
  const std::vector<float> decoded = PackedMatrix<Q>(1, values.size(), values).decoded();
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    largest = std::fmax(largest, std::fabs(double{values[i]} - double{decoded[i]}));
  }
  return largest;
}

}  // namespace

TEST_CASE("the bytes of a small matrix") {
  // The largest magnitude is 7, so that the scale of Int4 is 1; a short group follows, and half a byte.
  std::vector<float> values(33, 0.0F);
  values[0] = 7;
  values[1] = -3.4F;
  values[2] = 2.5F;
  values[3] = -7;
  values[32] = -3.5F;
  const PackedMatrix<Int4<>> four(3, 11, values);
  const Planes planes = Int4<>::planes(3, 11);
  CHECK(planes.find("codes")->bytes == 17);
  CHECK(planes.find("scales")->bytes == 4);
  const auto* codes = reinterpret_cast<const std::uint8_t*>(four.view().data);
  CHECK(int{codes[0]} == 0xD7);
  CHECK(int{codes[1]} == 0x92);
  CHECK(int{codes[16]} == 0x09);
  CHECK(scale_of(four, 0) == 1);
  CHECK(scale_of(four, 1) == 0.5F);

  for (float& value : values) value *= 127.0F / 7;
  const PackedMatrix<Int8<>> eight(3, 11, values);
  CHECK(Int8<>::planes(3, 11).find("codes")->bytes == 33);
  CHECK(static_cast<int>(eight.view().data[0]) == 127);
  CHECK(static_cast<int>(eight.view().data[3]) == 0x81);
  CHECK(scale_of(eight, 0) == 1);
  CHECK(scale_of(eight, 1) == 0.5F);
}

TEST_CASE_TEMPLATE("codes and scales are those of a naive encoder", Q, Int8<16>, Int8<32>, Int8<128>, Int4<16>,
                   Int4<32>, Int4<128>) {
  const std::vector<float> values = gaussian(70001, 5);  // more than one piece of the source, a short last group
  const PackedMatrix<Q> matrix(1, values.size(), values);
  const std::vector<float> decoded = matrix.decoded();
  int wrong = 0;
  for (std::size_t first = 0; first < values.size(); first += Q::group) {
    const std::size_t end = std::min<std::size_t>(first + Q::group, values.size());
    double largest = 0;
    for (std::size_t i = first; i < end; ++i) largest = std::fmax(largest, std::fabs(double{values[i]}));
    const float scale = scale_of(matrix, first / Q::group);
    wrong += std::fabs(double{scale} * Q::Codes::highest / largest - 1) > 0x1p-11 + 1e-7;
    for (std::size_t i = first; i < end; ++i) {
      const double code = double{values[i]} / double{scale};
      wrong += std::fabs(double{decoded[i]} / double{scale} - code) > 0.5 + 1e-4;
      wrong += double{decoded[i]} != std::nearbyint(double{decoded[i]} / double{scale}) * double{scale};
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("with absmax no error is above half a scale, for weights of any size; negation negates", Q,
                   Int8<>, Int4<>) {
  const std::vector<float> normal = gaussian(3200, 7);
  for (const float size : {1e5F, 1.0F, 1e-2F, 1e-3F, 1e-4F, 1e-5F, 1e-6F, 1e-7F, 1e-9F, 1e-30F, 1e-37F}) {
    CAPTURE(size);
    std::vector<float> values = normal;
    for (float& value : values) value *= size;
    const PackedMatrix<Q> matrix(1, values.size(), values);
    const std::vector<float> decoded = matrix.decoded();
    for (float& value : values) value = -value;
    const std::vector<float> negated = PackedMatrix<Q>(1, values.size(), values).decoded();
    int wrong = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double scale = scale_of(matrix, i / Q::group);
      wrong += scale < 0x1p-24 || std::fabs(double{decoded[i]} + double{values[i]}) > (0.5 + 1e-4) * scale;
      wrong += decoded[i] != -negated[i];
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("tiny weights lose at most half of the smallest scale") {
  CHECK(largest_error<Int8<>>(std::vector<float>(64, 1e-7F)) <= 0x1p-25);
  CHECK(largest_error<Int4<>>(std::vector<float>(64, -2e-7F)) <= 0x1p-25);
  CHECK(largest_error<Int4<32, LeastSquares>>(std::vector<float>(64, 3.3e-7F)) <= 0x1p-25);
  CHECK(largest_error<Int4<32, SignedLeastSquares>>(std::vector<float>(64, -3.3e-7F)) <= 0x1p-25);
  CHECK(largest_error<Int4<>>(std::vector<float>(64, std::numeric_limits<float>::denorm_min())) <= 2e-45);
}

TEST_CASE("scales beyond binary16 are refused by name") {
  CHECK_NOTHROW(PackedMatrix<Int8<>>(1, 1, {8.3e6F}));
  CHECK_NOTHROW(PackedMatrix<Int4<>>(1, 1, {-4.5e5F}));
  std::vector<float> values(64, 1.0F);
  values[40] = 7 * 65536.0F;
  CHECK_THROWS_WITH_AS(
      PackedMatrix<Int4<>>(1, 64, values),
      "the scale of elements 32 to 63 is 65536: beyond the range of float16 (65504), which stores "
      "it; store this tensor as bfloat16, float32 or nf4",
      NumericError);
  CHECK_THROWS_AS(PackedMatrix<Int8<>>(1, 1, {1e30F}), NumericError);
  for (const float large : {1e30F, std::numeric_limits<float>::max()}) {
    CHECK_THROWS_AS((PackedMatrix<Int8<32, LeastSquares>>(1, 1, {large})), NumericError);
    CHECK_THROWS_AS((PackedMatrix<Int4<32, SignedLeastSquares>>(1, 1, {-large})), NumericError);
  }
}

TEST_CASE("outside of the codes the error is the distance to the nearest end, which depends on the scale's sign") {
  std::vector<float> values = gaussian(32, 9);
  values[3] = 50;  // far out, so that least squares gives it up or serves it alone
  const PackedMatrix<Int4<32, SignedLeastSquares>> matrix(1, 32, values);
  const double scale = scale_of(matrix, 0);
  const float probe = 1000;
  const double end = scale < 0 ? 8 : 7;
  CHECK(Int4<32, SignedLeastSquares>::error_bound(matrix.view(), 0, probe) ==
        doctest::Approx(1000 - end * std::fabs(scale)).epsilon(1e-6));
  CHECK(Int4<32, SignedLeastSquares>::error_bound(matrix.view(), 0, -probe) ==
        doctest::Approx(1000 - (15 - end) * std::fabs(scale)).epsilon(1e-6));
  CHECK(Int4<32, SignedLeastSquares>::error_bound(matrix.view(), 0, 0) == std::fabs(scale) / 2);
}

TEST_CASE("a scale of either sign is used, and with it the code -8") {
  const std::vector<float> values = gaussian(32 * 200, 11);
  const PackedMatrix<Int4<32, SignedLeastSquares>> matrix(200, 32, values);
  int negative = 0;
  int eights = 0;
  const auto* codes = reinterpret_cast<const std::uint8_t*>(matrix.view().data);
  for (std::size_t g = 0; g < 200; ++g) negative += scale_of(matrix, g) < 0 ? 1 : 0;
  for (std::size_t i = 0; i < values.size(); ++i) eights += IntegerCodes<4>::at(codes, i) == -8 ? 1 : 0;
  CHECK(negative > 60);
  CHECK(negative < 140);
  CHECK(eights > 100);
}

TEST_CASE("names and bits") {
  CHECK(Int8<>::name() == "int8 group 32");
  CHECK(Int4<128, LeastSquares>::name() == "int4 group 128, least squares");
  CHECK(Int8<>::bits_per_weight == 8.5);
  CHECK(Int4<>::bits_per_weight == 4.5);
  CHECK(Int4<128>::bits_per_weight == 4.125);
}
