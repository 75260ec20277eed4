// The product on stored weights against a naive one in double precision, and its promise of equal bits.
#include "asterism/simd/product.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/levels.hpp"
#include "support/packed_matrix.hpp"

using namespace asterism;
using test::PackedMatrix;

namespace {

// A format that the room `simd` has never heard of: the generic path.
struct Sixteenths {
  static constexpr double bits_per_weight = 8;
  static constexpr int code_bits = 0;
  static constexpr std::size_t element_bytes = 1;
  static std::string name() { return "sixteenths"; }
  static constexpr quant::Planes planes(std::uint64_t rows, std::uint64_t cols) {
    quant::Planes result;
    result.add("values", quant::element_count(rows, cols));
    return result;
  }
  static void encode(quant::WeightSource source, std::uint64_t rows, std::uint64_t cols, std::byte* out) {
    std::memset(out, 0, planes(rows, cols).bytes().count);
    quant::for_each_piece(source, rows * cols, [&](std::uint64_t first, View<const float> piece) {
      for (std::size_t i = 0; i < piece.size; ++i) {
        out[first + i] = static_cast<std::byte>(static_cast<std::int8_t>(std::lround(piece[i] * 16)));
      }
    });
  }
  static void decode(quant::MatrixRef<Sixteenths> matrix, std::uint64_t first, View<float> out) {
    for (std::size_t i = 0; i < out.size; ++i) {
      out[i] = static_cast<float>(static_cast<std::int8_t>(matrix.data[first + i])) / 16;
    }
  }
  static double error_bound(quant::MatrixRef<Sixteenths>, std::uint64_t, float) { return 1.0 / 32; }
};

using quant::AbsMax;
using quant::DoubleQuantized;
using quant::Int4;
using quant::Int8;
using quant::Nf4;
using quant::PlainScales;
struct Size {
  std::size_t outputs;
  std::size_t cols;
};

// Whole blocks, segments and tiles; one more and one less of each; single rows and columns.
constexpr Size sizes[] = {{1, 1},    {3, 7},    {5, 8},    {1, 64},   {12, 64},  {13, 65},  {11, 63},
                          {7, 31},   {25, 96},  {24, 512}, {9, 513},  {14, 511}, {6, 1024}, {13, 1536},
                          {5, 1100}, {4, 2049}, {16, 128}, {64, 320}, {2, 4096}, {3, 4160}, {8, 130},
                          {17, 33},  {10, 32},  {37, 576}, {33, 768}, {19, 544}, {18, 4096}};

std::vector<float> random_values(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

constexpr float untouched = -12345.0F;

}  // namespace

TEST_CASE_TEMPLATE("product equals the naive sum in double precision", Q, quant::Float32, quant::BFloat16,
                   quant::Float16, Nf4<64>, Nf4<64, DoubleQuantized>, Nf4<32>, Nf4<256, DoubleQuantized>,
                   Nf4<4096>, Int8<16>, Int8<32>, Int4<16>, Int4<32>, Int4<32, quant::SignedLeastSquares>,
                   Int4<128>, quant::Q4_0, quant::Q8_0, quant::IQ4_NL, quant::MXFP4, quant::Q2_K, quant::Q4_K,
                   quant::Q6_K, Sixteenths) {
  for (Size size : sizes) {
    size.cols = test::fitting_width<Q>(size.cols);
    CAPTURE(size.outputs);
    CAPTURE(size.cols);
    const PackedMatrix<Q> weights(size.outputs, size.cols, random_values(size.outputs * size.cols, 1));
    const std::vector<float> decoded = weights.decoded();
    for (const std::size_t rows :
         {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U, 12U, 13U, 14U, 15U, 16U, 17U, 64U}) {
      if (rows > 9 && size.cols > 1100) continue;  // the same code again
      CAPTURE(rows);
      const std::size_t x_stride = size.cols + 3;
      const std::size_t y_stride = size.outputs + 2;
      const std::vector<float> x = random_values(rows * x_stride, 2);
      std::vector<std::vector<double>> exact(rows, std::vector<double>(size.outputs));
      std::vector<std::vector<double>> magnitude = exact;
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t o = 0; o < size.outputs; ++o) {
          for (std::size_t c = 0; c < size.cols; ++c) {
            const double term = double{x[r * x_stride + c]} * double{decoded[o * size.cols + c]};
            exact[r][o] += term;
            magnitude[r][o] += std::fabs(term);
          }
        }
      }
      for (const simd::Level level : test::levels()) {
        CAPTURE(simd::name(level));
        std::vector<float> y(rows * y_stride, untouched);
        simd::product(weights.kernel_matrix(), MatrixView<const float>(x.data(), rows, size.cols, x_stride),
                      MatrixView<float>(y.data(), rows, size.outputs, y_stride), 0, size.outputs, level);
        int wrong = 0;
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t o = 0; o < size.outputs; ++o) {
            const double bound = (64.0 + static_cast<double>(size.cols) / 512) * 0x1p-23 * magnitude[r][o];
            if (!(std::fabs(double{y[r * y_stride + o]} - exact[r][o]) <= bound)) ++wrong;
          }
          if (y[r * y_stride + size.outputs] != untouched) ++wrong;
        }
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE_TEMPLATE("a result has the same bits beside any other rows and for any cut of the outputs", Q,
                   quant::Float32, quant::BFloat16, quant::Float16, Nf4<64>, Nf4<64, DoubleQuantized>, Nf4<32>,
                   Nf4<256, DoubleQuantized>, Int8<16>, Int8<32>, Int8<64>, Int4<16>, Int4<32>,
                   Int4<32, quant::SignedLeastSquares>, Int4<128>, Sixteenths) {
  for (const Size size : sizes) {
    CAPTURE(size.outputs);
    CAPTURE(size.cols);
    const std::size_t rows = 17;
    const PackedMatrix<Q> weights(size.outputs, size.cols, random_values(size.outputs * size.cols, 3));
    const std::vector<float> x = random_values(rows * size.cols, 4);
    for (const simd::Level level : test::levels()) {
      CAPTURE(simd::name(level));
      std::vector<float> one_at_a_time(rows * size.outputs);
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t o = 0; o < size.outputs; ++o) {
          simd::product(weights.kernel_matrix(), MatrixView<const float>(x.data() + r * size.cols, 1, size.cols),
                        MatrixView<float>(one_at_a_time.data() + r * size.outputs, 1, size.outputs), o, 1, level);
        }
      }
      for (std::size_t taken = 1; taken <= rows; ++taken) {
        for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, std::size_t{16}, size.outputs}) {
          std::vector<float> y(taken * size.outputs, untouched);
          for (std::size_t first = 0; first < size.outputs; first += cut) {
            simd::product(weights.kernel_matrix(), MatrixView<const float>(x.data(), taken, size.cols),
                          MatrixView<float>(y.data(), taken, size.outputs), first,
                          std::min(cut, size.outputs - first), level);
          }
          CHECK(std::memcmp(y.data(), one_at_a_time.data(), y.size() * sizeof(float)) == 0);
        }
      }
    }
  }
}

TEST_CASE("product leaves the other outputs alone") {
  const PackedMatrix<quant::Nf4<64>> weights(36, 64, random_values(36 * 64, 5));
  const std::vector<float> x = random_values(64, 6);
  for (const simd::Level level : test::levels()) {
    for (const std::size_t first : {0U, 3U, 15U, 16U, 30U}) {
      for (const std::size_t count : {0U, 1U, 4U, 6U}) {
        std::vector<float> y(36, untouched);
        simd::product(weights.kernel_matrix(), MatrixView<const float>(x.data(), 1, 64),
                      MatrixView<float>(y.data(), 1, 36), first, count, level);
        for (std::size_t o = 0; o < 36; ++o) CHECK((y[o] == untouched) == (o < first || o >= first + count));
      }
    }
  }
}

TEST_CASE("a product over no columns is zero; over no rows or outputs it does nothing") {
  const PackedMatrix<quant::Float32> empty(3, 0, {});
  for (const simd::Level level : test::levels()) {
    std::vector<float> y(6, untouched);
    simd::product(empty.kernel_matrix(), MatrixView<const float>(nullptr, 2, 0), MatrixView<float>(y.data(), 2, 3),
                  0, 3, level);
    CHECK(y == std::vector<float>(6, 0.0F));
    const PackedMatrix<quant::Float32> one(1, 1, {1.0F});
    simd::product(one.kernel_matrix(), MatrixView<const float>(nullptr, 0, 1), MatrixView<float>(nullptr, 0, 1), 0,
                  1, level);
    simd::product(one.kernel_matrix(), MatrixView<const float>(y.data(), 1, 1), MatrixView<float>(nullptr, 1, 1),
                  1, 0, level);
  }
}

TEST_CASE("product refuses sizes that don't fit") {
  const PackedMatrix<quant::Float32> weights(3, 4, std::vector<float>(12, 1.0F));
  std::vector<float> buffer(64);
  const auto run = [&](std::size_t rows, std::size_t cols, std::size_t y_rows, std::size_t y_cols,
                       std::size_t first, std::size_t count) {
    simd::product(weights.kernel_matrix(), MatrixView<const float>(buffer.data(), rows, cols),
                  MatrixView<float>(buffer.data() + 32, y_rows, y_cols), first, count);
  };
  CHECK_NOTHROW(run(2, 4, 2, 3, 0, 3));
  CHECK_THROWS_WITH_AS(run(2, 5, 2, 3, 0, 3),
                       "product: x (2, 5) times the transpose of W (3, 4) has no place in y (2, 3)",
                       InvalidArgument);
  CHECK_THROWS_AS(run(2, 4, 1, 3, 0, 3), InvalidArgument);
  CHECK_THROWS_AS(run(2, 4, 2, 4, 0, 3), InvalidArgument);
  CHECK_THROWS_WITH_AS(run(2, 4, 2, 3, 2, 2), "product: 2 outputs from number 2 on, of a matrix with 3",
                       InvalidArgument);
  CHECK_THROWS_AS(run(2, 4, 2, 3, 4, 0), InvalidArgument);
  CHECK_THROWS_AS(run(2, 4, 2, 3, 1, ~std::size_t{0}), InvalidArgument);
}
