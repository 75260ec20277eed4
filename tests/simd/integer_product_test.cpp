// Integer products equal plain loops over integers, bit for bit, on every level, for any rows and cut of the outputs.
#include "asterism/simd/integer_product.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/integer/unpacked_tile.hpp"

#include "support/integer_products.hpp"
#include "support/levels.hpp"

using namespace asterism;
using quant::DoubleQuantized;
using quant::Int4;
using quant::Int8;
using quant::Nf4;
using test::PackedMatrix;
using test::StoredRows8;

namespace {

constexpr float untouched = -12345.0F;

/// Any number of rows, any cut of the outputs, every level.
template <class Q, std::size_t Group>
void check_all_cuts(std::size_t rows, std::size_t outputs, std::size_t cols) {
  const PackedMatrix<Q> weights(outputs, cols, test::uneven_values(outputs * cols, 1));
  REQUIRE(simd::has_integer_product(weights.kernel_matrix()));
  const StoredRows8 x(rows, cols, simd::activation_order<Q, Group>);
  std::vector<float> expected(rows * outputs);
  for (std::size_t r = 0; r < rows; ++r) {
    const std::vector<float> values = test::uneven_values(cols, 10 + r);
    simd::to_activations8(values.data(), x.view(), r, 0, cols);
    const test::NaiveRow8 naive(values, Group);
    for (std::size_t o = 0; o < outputs; ++o) {
      expected[r * outputs + o] = test::naive_integer_product<Group>(weights.view(), o, naive);
    }
  }
  for (const simd::Level level : test::levels()) {
    CAPTURE(simd::name(level));
    int wrong = 0;
    for (std::size_t taken = 0; taken <= rows; taken += taken < 20 ? 1 : 13) {
      for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, std::size_t{16}, std::size_t{24}, outputs}) {
        if (cols > 1000 && cut < outputs) continue;  // slow, and the same code
        const std::size_t stride = outputs + 3;
        std::vector<float> y(rows * stride, untouched);
        for (std::size_t first = 0; first < outputs; first += cut) {
          simd::product<Q, Group>(weights.kernel_matrix(), x.view().rows_at(0, taken),
                                  MatrixView<float>(y.data(), taken, outputs, stride), first,
                                  std::min(cut, outputs - first), level);
        }
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t o = 0; o < stride; ++o) {
            const bool written = r < taken && o < outputs;
            wrong += test::same(y[r * stride + o], written ? expected[r * outputs + o] : untouched) ? 0 : 1;
          }
        }
      }
    }
    CHECK(wrong == 0);
  }
}

template <class Q, std::size_t Group>
void check_cuts_of_few_rows() {
  for (const std::size_t outputs : {1U, 15U, 16U, 37U, 64U}) {
    check_all_cuts<Q, Group>(20, outputs, 3 * Q::KernelOrder::block);
  }
}

}  // namespace

// Shipped formats with the groups of their kernels; others with blocks below, at and above the group, one group each,
// since each pair takes a compiler seconds.
TEST_CASE_TEMPLATE("any number of rows, any cut of the outputs, every level: the sums of plain loops", Q, Nf4<64>,
                   Nf4<64, DoubleQuantized>, Int4<32>, Int4<128>, Int8<32>) {
  check_cuts_of_few_rows<Q, 32>();
  check_cuts_of_few_rows<Q, 64>();
}

TEST_CASE_TEMPLATE("the same of ggml's blocks", Q, quant::Q4_0, quant::Q8_0, quant::IQ4_NL, quant::MXFP4) {
  check_cuts_of_few_rows<Q, 32>();
  check_all_cuts<Q, 64>(20, 37, 3 * 32);
}

TEST_CASE("the same of other blocks and groups") {
  check_cuts_of_few_rows<Nf4<32>, 32>();
  check_cuts_of_few_rows<Nf4<32>, 64>();
  check_cuts_of_few_rows<Nf4<256, DoubleQuantized>, 32>();
  check_cuts_of_few_rows<Int8<64>, 64>();
  check_cuts_of_few_rows<Nf4<64, DoubleQuantized>, 128>();
  check_cuts_of_few_rows<Int4<32>, 128>();
  check_cuts_of_few_rows<Int8<32>, 128>();
}

TEST_CASE_TEMPLATE("many rows of more columns than are unpacked at once", Q, Nf4<64, DoubleQuantized>, Int4<32>,
                   Int8<32>, quant::Q4_0, quant::MXFP4) {
  check_all_cuts<Q, 32>(53, 53, 2 * simd::UnpackedTile::most_cols + 64);
  check_all_cuts<Q, 128>(53, 53, 2 * simd::UnpackedTile::most_cols + 64);
}

TEST_CASE("blocks that are larger than what is unpacked at once") {
  check_all_cuts<Nf4<2048>, 32>(20, 48, 2 * 2048);
  check_all_cuts<Int8<4096>, 64>(20, 48, 4096);
}

TEST_CASE("other outputs stay as they are") {
  using Q = Nf4<64, DoubleQuantized>;
  const PackedMatrix<Q> weights(40, 64, test::uneven_values(40 * 64, 1));
  const StoredRows8 x(1, 64, {.paired = true});
  simd::to_activations8(test::uneven_values(64, 2).data(), x.view(), 0, 0, 64);
  for (const simd::Level level : test::levels()) {
    for (const std::size_t first : {0U, 3U, 16U, 30U, 33U, 40U}) {
      for (std::size_t count = 0; count <= 40 - first; ++count) {
        std::vector<float> y(40, untouched);
        simd::product(weights.kernel_matrix(), x.view(), MatrixView<float>(y.data(), 1, 40), first, count, level);
        for (std::size_t o = 0; o < 40; ++o) CHECK((y[o] == untouched) == (o < first || o >= first + count));
      }
    }
  }
}

TEST_CASE_TEMPLATE("an activation that is not finite gives NaN in its row alone", Q, Nf4<64>, Int4<32>, Int8<32>) {
  const PackedMatrix<Q> weights(19, 128, test::uneven_values(19 * 128, 1));
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const simd::Level level : test::levels()) {
      const StoredRows8 x(2, 128, simd::activation_order<Q>);
      std::vector<float> values = test::uneven_values(128, 2);
      simd::to_activations8(values.data(), x.view(), 0, 0, 128, level);
      values[70] = value;
      simd::to_activations8(values.data(), x.view(), 1, 0, 128, level);
      std::vector<float> y(2 * 19, untouched);
      simd::product(weights.kernel_matrix(), x.view(), MatrixView<float>(y.data(), 2, 19), 0, 19, level);
      for (std::size_t o = 0; o < 19; ++o) {
        CHECK(std::isfinite(y[o]));
        CHECK(std::isnan(y[19 + o]));
      }
    }
  }
}

// 0.53 % of the activations and 0.47 % of Nf4's weights are rounding, more where magnitudes are uneven.
TEST_CASE_TEMPLATE("near the exact product", Q, Nf4<64, DoubleQuantized>, Int4<32>, Int8<32>) {
  constexpr std::size_t outputs = 64;
  constexpr std::size_t cols = 1024;
  Random random(1);
  std::vector<float> values(outputs * cols);
  for (float& value : values) value = static_cast<float>(random.normal());
  const PackedMatrix<Q> weights(outputs, cols, values);
  values.resize(cols);
  for (float& value : values) value = static_cast<float>(random.normal());
  const StoredRows8 x(1, cols, simd::activation_order<Q>);
  simd::to_activations8(values.data(), x.view(), 0, 0, cols);
  std::vector<float> y(outputs);
  std::vector<float> exact(outputs);
  simd::product(weights.kernel_matrix(), x.view(), MatrixView<float>(y.data(), 1, outputs), 0, outputs);
  simd::product(weights.kernel_matrix(), MatrixView<const float>(values.data(), 1, cols),
                MatrixView<float>(exact.data(), 1, outputs));
  double error = 0;
  double size = 0;
  for (std::size_t o = 0; o < outputs; ++o) {
    error += std::pow(double{y[o]} - double{exact[o]}, 2);
    size += std::pow(double{exact[o]}, 2);
  }
  CHECK(std::sqrt(error / size) < 0.01);
}

TEST_CASE("what has no integer product, or does not fit, is refused") {
  CHECK_FALSE(simd::has_integer_product(quant::KernelMatrixRef<quant::BFloat16>{nullptr, 16, 64}));
  CHECK_FALSE(simd::has_integer_product(quant::KernelMatrixRef<Int8<16>>{nullptr, 16, 64}));  // blocks below 32
  CHECK_FALSE(simd::has_integer_product(quant::KernelMatrixRef<Nf4<64>>{nullptr, 16, 96}));
  using Q = Nf4<64>;
  const PackedMatrix<Q> weights(20, 128, test::uneven_values(20 * 128, 1));
  const StoredRows8 x(2, 128, simd::activation_order<Q>);
  for (std::size_t r = 0; r < 2; ++r) {
    simd::to_activations8(test::uneven_values(128, r).data(), x.view(), r, 0, 128);
  }
  std::vector<float> y(2 * 20);
  const auto run = [&](const simd::Rows8& rows, std::size_t y_rows, std::size_t y_cols, std::size_t first,
                       std::size_t count) {
    simd::product(weights.kernel_matrix(), rows, MatrixView<float>(y.data(), y_rows, y_cols), first, count);
  };
  CHECK_NOTHROW(run(x.view(), 2, 20, 0, 20));
  CHECK_THROWS_AS(run(x.view(), 1, 20, 0, 20), InvalidArgument);
  CHECK_THROWS_AS(run(x.view(), 2, 19, 0, 19), InvalidArgument);
  CHECK_THROWS_AS(run(x.view(), 2, 20, 10, 11), InvalidArgument);
  simd::Rows8 narrow = x.view();
  narrow.cols = 64;
  CHECK_THROWS_AS(run(narrow, 2, 20, 0, 20), InvalidArgument);
  simd::Rows8 unpaired = x.view();
  unpaired.order.paired = false;
  CHECK_THROWS_AS(run(unpaired, 2, 20, 0, 20), InvalidArgument);
  const PackedMatrix<Q> odd(16, 96, test::uneven_values(16 * 96, 1));
  const StoredRows8 odd_x(1, 96, simd::activation_order<Q>);
  CHECK_THROWS_AS(simd::product(odd.kernel_matrix(), odd_x.view(), MatrixView<float>(y.data(), 1, 16),
                                std::size_t{0}, std::size_t{16}),
                  InvalidArgument);
}
