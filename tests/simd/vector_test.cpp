// The kernels on vectors against naive loops in double precision, on all levels and at all lengths.
#include "asterism/simd/vector.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/half_precision.hpp"

#include "support/levels.hpp"
#include "support/rows.hpp"
#include "support/stored_rows.hpp"

using namespace asterism;
using namespace asterism::simd;

namespace {

/// Pointers to the rows of a matrix (rows, width).
template <class T>
std::vector<T*> row_pointers(T* data, std::size_t rows, std::size_t width) {
  std::vector<T*> pointers;
  for (std::size_t i = 0; i < rows; ++i) pointers.push_back(data + i * width);
  return pointers;
}

constexpr float untouched = -77.0F;

/// dots of all queries and rows, as a matrix (queries, rows + 1) whose last column stays untouched.
template <class Row>
std::vector<float> all_dots(const std::vector<float>& queries, StoredRows<Row> rows, Level level) {
  const std::size_t count = queries.size() / rows.width;
  const auto pointers = row_pointers(queries.data(), count, rows.width);
  std::vector<float> out(count * (rows.count + 1), untouched);
  dots<Row>(View<const float* const>(pointers), rows,
            MatrixView<float>(out.data(), count, rows.count, rows.count + 1), level);
  return out;
}

/// add_weighted, rows [cut[i], cut[i + 1]) at a time. weights (sums, rows).
template <class Row>
std::vector<float> all_sums(const std::vector<float>& weights, StoredRows<Row> rows,
                            const std::vector<float>& before, const std::vector<std::size_t>& cuts, Level level) {
  std::vector<float> sums = before;
  const std::size_t count = weights.size() / rows.count;
  const auto pointers = row_pointers(sums.data(), count, rows.width);
  for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
    const std::size_t size = cuts[c + 1] - cuts[c];
    add_weighted<Row>(MatrixView<const float>(weights.data() + cuts[c], count, size, rows.count),
                      rows.subview(cuts[c], size), View<float* const>(pointers), level);
  }
  return sums;
}

}  // namespace

#define ALL_ROWS Float32Row, WidenedRow, Float16Row, Int8Row<32>, Int8Row<4>, Int8Row<16>, Int8Row<48>, Int8Row<64>

namespace asterism::test {
template <>
struct RowDefinition<WidenedRow> : RowDefinition<Float32Row> {};
}  // namespace asterism::test

TEST_CASE_TEMPLATE("dots equal double, whatever else is asked for in the call", Row, ALL_ROWS) {
  for (const std::size_t width : {2U, 6U, 8U, 14U, 16U, 30U, 32U, 34U, 50U, 64U, 80U, 100U, 128U, 250U}) {
    const test::RandomRows<Row> rows(37, width, width);
    const std::vector<float> queries = test::random_row(9 * width, width + 1);
    for (const Level level : test::levels()) {
      CAPTURE(width);
      CAPTURE(name(level));
      const std::vector<float> found = all_dots(queries, rows.view(), level);
      int wrong = 0;
      for (std::size_t q = 0; q < 9; ++q) {
        for (std::size_t j = 0; j < 37; ++j) {
          double sum = 0;
          double magnitude = 0;
          for (std::size_t i = 0; i < width; ++i) {
            const double product = double{queries[q * width + i]} * rows.value(j, i);
            sum += product;
            magnitude += std::fabs(product);
          }
          wrong += std::fabs(found[q * 38 + j] - sum) <= 40 * 0x1p-23 * magnitude ? 0 : 1;
        }
        wrong += found[q * 38 + 37] == untouched ? 0 : 1;
      }
      CHECK(wrong == 0);
      for (const std::size_t some : {1U, 2U, 3U, 5U, 6U, 7U}) {  // the last of them, and rows from another one on
        const std::vector<float> last(queries.end() - static_cast<std::ptrdiff_t>(some * width), queries.end());
        const std::size_t count = some < 7 ? 5 * some : 30;
        const std::vector<float> part = all_dots(last, rows.view().subview(some, count), level);
        int other = 0;
        for (std::size_t q = 0; q < some; ++q) {
          const float* expected = found.data() + (9 - some + q) * 38 + some;
          other += std::memcmp(part.data() + q * (count + 1), expected, count * sizeof(float)) == 0 ? 0 : 1;
        }
        CHECK(other == 0);
      }
    }
  }
}

TEST_CASE_TEMPLATE("weighted rows are added in their order, wherever they are cut", Row, ALL_ROWS) {
  for (const std::size_t width : {2U, 6U, 8U, 14U, 16U, 30U, 32U, 34U, 50U, 64U, 80U, 100U, 128U, 250U}) {
    constexpr std::size_t count = 23;
    const test::RandomRows<Row> rows(count, width, width);
    const std::vector<float> weights = test::random_row(9 * count, width + 1);
    const std::vector<float> before = test::random_row(9 * width + 1, width + 2);
    for (const Level level : test::levels()) {
      CAPTURE(width);
      CAPTURE(name(level));
      const std::vector<float> found = all_sums(weights, rows.view(), before, {0, count}, level);
      int wrong = 0;
      for (std::size_t q = 0; q < 9; ++q) {
        for (std::size_t i = 0; i < width; ++i) {
          double sum = before[q * width + i];
          double magnitude = std::fabs(sum);
          for (std::size_t j = 0; j < count; ++j) {
            sum += double{weights[q * count + j]} * rows.value(j, i);
            magnitude += std::fabs(double{weights[q * count + j]} * rows.value(j, i));
          }
          wrong += std::fabs(found[q * width + i] - sum) <= 30 * 0x1p-23 * magnitude ? 0 : 1;
        }
      }
      CHECK(wrong == 0);
      CHECK(found.back() == before.back());
      CHECK(test::same_bits(found, all_sums(weights, rows.view(), before, {0, 1, 8, 9, count}, level)));
      for (std::size_t q = 0; q < 9; ++q) {  // alone
        const auto at = static_cast<std::ptrdiff_t>(q);
        const std::vector<float> one(weights.begin() + at * static_cast<std::ptrdiff_t>(count),
                                     weights.begin() + (at + 1) * static_cast<std::ptrdiff_t>(count));
        const std::vector<float> from(before.begin() + at * static_cast<std::ptrdiff_t>(width),
                                      before.begin() + (at + 1) * static_cast<std::ptrdiff_t>(width));
        const std::vector<float> sum = all_sums(one, rows.view(), from, {0, count}, level);
        CHECK(test::same_bits(sum, View<const float>(found).subview(q * width, width)));
      }
    }
  }
}

TEST_CASE_TEMPLATE("widened rows are the same values, and give the same bits", Row, Float32Row, Float16Row,
                   Int8Row<32>, Int8Row<4>, Int8Row<48>) {
  for (const std::size_t width : {2U, 8U, 14U, 34U, 80U, 128U, 250U}) {
    const test::RandomRows<Row> rows(19, width, width);
    const std::vector<float> queries = test::random_row(5 * width, 1);
    const std::vector<float> weights = test::random_row(std::size_t{5} * 19, 2);
    for (const Level level : test::levels()) {
      CAPTURE(width);
      CAPTURE(name(level));
      std::vector<float> wide(19 * width + 1, untouched);
      widen(rows.view(), wide.data(), level);
      int wrong = wide.back() == untouched ? 0 : 1;
      for (std::size_t i = 0; i < 19 * width; ++i) {
        wrong += double{wide[i]} == rows.value(i / width, i % width) ? 0 : 1;
      }
      CHECK(wrong == 0);
      const StoredRows<WidenedRow> widened{reinterpret_cast<const std::byte*>(wide.data()), 19, width};
      CHECK(test::same_bits(all_dots(queries, widened, level), all_dots(queries, rows.view(), level)));
      CHECK(test::same_bits(all_sums(weights, widened, queries, {0, 19}, level),
                            all_sums(weights, rows.view(), queries, {0, 19}, level)));
    }
  }
}

TEST_CASE_TEMPLATE("what lies ahead is asked for wherever that is, and changes nothing", Row, ALL_ROWS) {
  for (const std::size_t width : {16U, 34U, 128U}) {
    const test::RandomRows<Row> rows(21, width, width);
    const std::vector<float> queries = test::random_row(5 * width, 1);
    const std::vector<float> weights = test::random_row(std::size_t{5} * 21, 2);
    for (const std::ptrdiff_t ahead :
         {std::ptrdiff_t{64}, std::ptrdiff_t{-100'000'000}, std::ptrdiff_t{1} << 40U}) {
      StoredRows<Row> some = rows.view();
      some.ahead = ahead;
      CHECK(some.subview(1, 2).ahead == ahead);
      for (const Level level : test::levels()) {
        CHECK(test::same_bits(all_dots(queries, some, level), all_dots(queries, rows.view(), level)));
        CHECK(test::same_bits(all_sums(weights, some, queries, {0, 21}, level),
                              all_sums(weights, rows.view(), queries, {0, 21}, level)));
      }
    }
  }
}

TEST_CASE("maximum finds the largest element at every place") {
  for (const Level level : test::levels()) {
    for (std::size_t size = 1; size <= 70; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::vector<float> x(size + 1, -5.0F);
        x[at] = -4.0F;
        x[size] = 3.0F;
        CHECK(maximum(View<const float>(x).subview(0, size), level) == -4.0F);
      }
    }
  }
}

TEST_CASE("exponentials equal double, and add up to what they return") {
  for (const Level level : test::levels()) {
    CAPTURE(name(level));
    for (std::size_t size = 1; size <= 70; ++size) {
      for (const float spread : {0.01F, 1.0F, 30.0F}) {
        std::vector<float> x = test::random_row(size + 1, size, spread);
        float shift = x[0];
        for (std::size_t i = 0; i < size; ++i) shift = x[i] > shift ? x[i] : shift;
        const std::vector<float> before = x;
        const float total = exponentials(View<float>(x).subview(0, size), 0.7F, shift, level);
        double sum = 0;
        int wrong = 0;
        for (std::size_t i = 0; i < size; ++i) {
          const double exponent = double{before[i] - shift} * double{0.7F};
          const double expected = std::exp(exponent);
          sum += expected;
          wrong +=
              std::fabs(x[i] - expected) <= std::fmax(0x1p-22, 0x1p-23 * -exponent) * expected + 0x1p-126 ? 0 : 1;
        }
        CHECK(wrong == 0);
        CHECK(x[size] == before[size]);
        CHECK(std::fabs(total - sum) <= 1e-5 * sum);
      }
    }
    std::vector<float> far{0.0F, -80.0F, -87.0F, -88.0F, -200.0F, -3e38F, -std::numeric_limits<float>::infinity()};
    exponentials(far, 1.0F, 0.0F, level);
    CHECK(far[0] == 1.0F);
    CHECK(std::fabs(far[1] / std::exp(-80.0) - 1) < 1e-5);
    CHECK(std::fabs(far[2] / std::exp(-87.0) - 1) < 1e-5);
    for (std::size_t i = 3; i < far.size(); ++i) CHECK(far[i] <= 0x1p-126F);
    CHECK(far[4] == 0.0F);
    CHECK(far[6] == 0.0F);
    std::vector<float> broken(20, -1.0F);
    broken[17] = std::numeric_limits<float>::quiet_NaN();
    const float total = exponentials(broken, 1.0F, 0.0F, level);
    CHECK(std::isnan(broken[17]));
    CHECK(std::isnan(total));
    CHECK(std::fabs(broken[16] - std::exp(-1.0F)) < 1e-6F);
  }
}

TEST_CASE("add_scaled adds to the first n elements and touches no other") {
  const std::vector<float> x = test::random_row(70, 3);
  const std::vector<float> y = test::random_row(71, 4);
  for (const Level level : test::levels()) {
    for (std::size_t n = 0; n <= 70; ++n) {
      std::vector<float> sum = y;
      add_scaled(sum.data(), -1.7F, x.data(), n, level);
      int wrong = 0;
      for (std::size_t i = 0; i < 71; ++i) {
        const double expected = y[i] + (i < n ? double{-1.7F} * double{x[i]} : 0.0);
        const double bound = i < n ? 4e-7 * (std::fabs(double{y[i]}) + std::fabs(double{x[i]})) : 0;
        wrong += std::fabs(sum[i] - expected) <= bound ? 0 : 1;
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("conversion to binary16 has the same bits on every level") {
  std::vector<float> many;
  Random random(5);
  for (int i = 0; i < 200000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    if ((bits & 0x7FFFFFFFU) <= 0x7F800000U) many.push_back(std::bit_cast<float>(bits));
    many.push_back(std::ldexp(static_cast<float>(random.normal()), static_cast<int>(random.below(40)) - 30));
  }
  for (const Level level : test::levels()) {
    std::vector<std::uint16_t> bits(many.size());
    to_float16(many.data(), bits.data(), many.size(), level);
    int wrong = 0;
    for (std::size_t i = 0; i < many.size(); ++i) wrong += bits[i] != quant::float16_from_float(many[i]) ? 1 : 0;
    CHECK(wrong == 0);
    for (std::size_t n = 0; n < 40; ++n) {
      std::vector<std::uint16_t> part(41, 0xBEEF);
      to_float16(many.data(), part.data(), n, level);
      CHECK(std::memcmp(part.data(), bits.data(), n * 2) == 0);
      CHECK(part[n] == 0xBEEF);
    }
  }
}
