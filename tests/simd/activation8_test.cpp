// Activations as integers: near the originals, in the order that weights want, the same bits on all levels.
#include "asterism/simd/activation8.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/level.hpp"

#include "support/integer_products.hpp"
#include "support/levels.hpp"

using namespace asterism;
using test::StoredRows8;

namespace {

/// Where column c of a row stands.
std::size_t place(std::size_t c, bool paired) {
  constexpr std::size_t places[8] = {0, 4, 1, 5, 2, 6, 3, 7};
  return paired ? c / 8 * 8 + places[c % 8] : c;
}

/// How many codes, scales, biases and sums of a row differ from those of the plain loops.
int wrong_of(const simd::Rows8& rows, std::size_t row, const std::vector<float>& x) {
  const test::NaiveRow8 expected(x, rows.order.group);
  int wrong = 0;
  for (std::size_t g = 0; g < rows.groups(); ++g) {
    wrong += test::same(rows.scales[row * rows.groups() + g], expected.scales[g]) ? 0 : 1;
  }
  for (std::size_t cell = 0; cell < rows.cells(); ++cell) {
    std::int32_t sum = 0;
    for (std::size_t c = cell * rows.order.cell; c < (cell + 1) * rows.order.cell; ++c) {
      sum += expected.codes[c];
      wrong += rows.codes[row * rows.cols + place(c, rows.order.paired)] != expected.codes[c] ? 1 : 0;
    }
    wrong += rows.biases[row * rows.cells() + cell] != -128 * sum ? 1 : 0;
    wrong += rows.sums[row * rows.cells() + cell] != static_cast<float>(sum) ? 1 : 0;
  }
  return wrong;
}

}  // namespace

TEST_CASE("codes, scales and biases equal plain loops, on every level and in both orders") {
  for (const simd::Level level : test::levels()) {
    for (const simd::ActivationOrder order :
         {simd::ActivationOrder{}, simd::ActivationOrder{.paired = true}, simd::ActivationOrder{true, 128, 32},
          simd::ActivationOrder{false, 128, 64}, simd::ActivationOrder{true, 128, 128}}) {
      for (const std::size_t cols : {32U, 64U, 96U, 384U, 1056U, 1088U}) {
        if (cols % order.cell != 0) continue;
        const StoredRows8 rows(3, cols, order);
        for (std::size_t r = 0; r < 3; ++r) {
          std::vector<float> x = test::uneven_values(cols, r + 1);
          for (float& value : x) value *= std::ldexp(1.0F, static_cast<int>(r) * 40 - 40);
          simd::to_activations8(x.data(), rows.view(), r, 0, cols, level);
          CHECK(wrong_of(rows.view(), r, x) == 0);
        }
      }
    }
  }
}

TEST_CASE("a part of a row leaves the other groups alone") {
  for (const simd::Level level : test::levels()) {
    const StoredRows8 rows(1, 128, {.paired = true});
    const std::vector<float> x = test::uneven_values(128, 1);
    simd::to_activations8(x.data(), rows.view(), 0, 0, 128, level);
    const std::vector<float> other = test::uneven_values(128, 2);
    simd::to_activations8(other.data(), rows.view(), 0, 32, 64, level);
    std::vector<float> mixed = x;
    for (std::size_t c = 32; c < 96; ++c) mixed[c] = other[c];
    CHECK(wrong_of(rows.view(), 0, mixed) == 0);
  }
}

TEST_CASE("an activation moves by at most half its scale; ties go to the even code; the largest gets 127") {
  for (const simd::Level level : test::levels()) {
    const StoredRows8 rows(1, 32, {});
    std::vector<float> x = test::uneven_values(32, 5);
    simd::to_activations8(x.data(), rows.view(), 0, 0, 32, level);
    const double scale = rows.view().scales[0];
    for (std::size_t c = 0; c < 32; ++c) {
      CHECK(std::fabs(rows.view().codes[c] * scale - double{x[c]}) <= scale * 0.500001);
    }
    for (std::size_t c = 0; c < 32; ++c) x[c] = static_cast<float>(c) + 0.5F;
    x[31] = -127;  // so that the scale is 1
    simd::to_activations8(x.data(), rows.view(), 0, 0, 32, level);
    CHECK(rows.view().scales[0] == 1.0F);
    CHECK(rows.view().codes[31] == -127);
    for (int c = 0; c < 31; ++c) CHECK(rows.view().codes[c] == (c + 1) / 2 * 2);
  }
}

TEST_CASE("groups of zeros, tiny ones, and those that are not finite") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const simd::Level level : test::levels()) {
    for (const float value :
         {0.0F, -0.0F, 0x1p-149F, 0x1.fffffep-101F, 0x1p-100F, 0x1.fffffep127F, nan, -nan, infinity, -infinity}) {
      CAPTURE(value);
      const StoredRows8 rows(1, 64, {.paired = true});
      std::vector<float> x(64, 0.0F);
      x[5] = value;
      for (std::size_t c = 32; c < 64; ++c) x[c] = 1;
      simd::to_activations8(x.data(), rows.view(), 0, 0, 64, level);
      CHECK(wrong_of(rows.view(), 0, x) == 0);
      CHECK(std::isnan(rows.view().scales[0]) == !std::isfinite(value));
      CHECK(rows.view().scales[1] == 1.0F / 127);
    }
  }
}

TEST_CASE("rows lie behind one another in the bytes that they ask for") {
  const StoredRows8 rows(5, 96, {.paired = true});
  const simd::Rows8& all = rows.view();
  CHECK(all.groups() == 3);
  const simd::Rows8 last = all.rows_at(3, 2);
  CHECK(last.codes == all.codes + 3 * 96);
  CHECK(last.scales == all.scales + 9);
  CHECK(last.biases == all.biases + 9);
  CHECK(last.rows == 2);
  CHECK(last.order == all.order);
  const auto* end = reinterpret_cast<const std::byte*>(all.biases + 15);
  CHECK(end <= reinterpret_cast<const std::byte*>(all.codes) + simd::Rows8::bytes(5, 96).count);
  CHECK(reinterpret_cast<const std::byte*>(all.scales + 15) <= reinterpret_cast<const std::byte*>(all.biases));
  CHECK(simd::Rows8::bytes(5, 96).count % 64 == 0);
}
