// Integer products with ggml's blocks of 256: the sums of plain loops over decoded weights, and the same bits on every
// level, for any rows and cut of the outputs.
#include <cmath>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/simd/integer_product.hpp"

#include "support/integer_products.hpp"
#include "support/levels.hpp"
#include "support/packed_matrix.hpp"

using namespace asterism;
using test::StoredRows8;

namespace {

/// A matrix of random blocks: every code, scale and minimum, the greatest included; scales of the block are about 1.
template <class Q>
std::vector<std::byte> random_blocks(std::uint64_t rows, std::uint64_t cols) {
  Random random(9);
  std::vector<std::byte> bytes(Q::planes(rows, cols).bytes().count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  const std::size_t blocks = rows * cols / Q::block;
  constexpr bool has_minima = !quant::keeps_zeros<Q>;
  for (std::size_t b = 0; b < blocks; ++b) {
    std::byte* block = bytes.data() + b * Q::block_bytes;
    const auto set = [&](std::size_t at) {
      block[at + 1] = static_cast<std::byte>((static_cast<int>(block[at + 1]) & 0x83) | 0x38);  // 0.5 to 1.99, +-
    };
    if (b % 3 == 0) {  // the greatest of all
      std::memset(block, has_minima ? 0xFF : 0x00, Q::block_bytes);
      if (!has_minima) std::memset(block + 192, 0x80, 16);
    }
    set(has_minima ? 0 : 208);
    if (has_minima) set(2);
  }
  return bytes;
}

template <class Q, std::size_t Group>
void check(std::size_t rows, std::size_t outputs, std::size_t cols) {
  CAPTURE(rows);
  CAPTURE(outputs);
  CAPTURE(cols);
  const std::vector<std::byte> bytes = random_blocks<Q>(outputs, cols);
  const quant::KernelMatrixRef<Q> weights{bytes.data(), outputs, cols};
  REQUIRE(simd::has_integer_product(weights));
  std::vector<float> decoded(outputs * cols);
  Q::decode(weights.matrix(), 0, decoded);
  const StoredRows8 x(rows, cols, simd::activation_order<Q, Group>);
  std::vector<double> exact(rows * outputs);
  std::vector<double> magnitude(rows * outputs);
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<float> values = test::uneven_values(cols, 10 + r);
    if (r == 1) std::fill(values.begin(), values.end(), -3.0F);  // all codes are -127
    simd::to_activations8(values.data(), x.view(), r, 0, cols);
    const test::NaiveRow8 naive(values, Group);
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t c = 0; c < cols; ++c) {
        const double term = double{decoded[o * cols + c]} * naive.codes[c] * double{naive.scales[c / Group]};
        exact[r * outputs + o] += term;
        magnitude[r * outputs + o] += std::fabs(term);
      }
    }
  }
  std::vector<float> first_level;
  for (const simd::Level level : test::levels()) {
    CAPTURE(simd::name(level));
    for (const std::size_t cut : {std::size_t{1}, std::size_t{5}, outputs}) {
      for (std::size_t taken = rows; taken > 0; taken = taken > 9 ? 9 : taken - 1) {
        const std::size_t stride = outputs + 3;
        std::vector<float> y(rows * stride, -12345.0F);
        for (std::size_t first = 0; first < outputs; first += cut) {
          simd::product<Q, Group>(weights, x.view().rows_at(0, taken),
                                  MatrixView<float>(y.data(), taken, outputs, stride), first,
                                  std::min(cut, outputs - first), level);
        }
        if (first_level.empty()) first_level = y;
        int wrong = 0;
        for (std::size_t r = 0; r < rows; ++r) {
          for (std::size_t o = 0; o < stride; ++o) {
            const bool written = r < taken && o < outputs;
            wrong += test::same(y[r * stride + o], written ? first_level[r * stride + o] : -12345.0F) ? 0 : 1;
            if (!written) continue;
            const std::size_t i = r * outputs + o;
            const double bound = static_cast<double>(24 + cols / 256) * 0x1p-23 * magnitude[i];
            wrong += std::fabs(double{y[r * stride + o]} - exact[i]) <= bound ? 0 : 1;
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("the sums of plain loops, with the same bits on every level", Q, quant::Q4_K, quant::Q5_K,
                   quant::Q6_K) {
  check<Q, 32>(11, 13, 256);
  check<Q, 32>(5, 7, 1280);
  check<Q, 64>(11, 5, 768);
  check<Q, 256>(3, 5, 512);
}

TEST_CASE("rows that are not whole blocks are refused") {
  const std::vector<std::byte> bytes = random_blocks<quant::Q4_K>(4, 512);
  const quant::KernelMatrixRef<quant::Q4_K> weights{bytes.data(), 4, 384};
  CHECK_FALSE(simd::has_integer_product(weights));
  CHECK_FALSE(simd::has_integer_product(quant::KernelMatrixRef<quant::Q4_K>{bytes.data(), 4, 0}));
  const StoredRows8 x(1, 384, simd::activation_order<quant::Q4_K>);
  const std::vector<float> values(384);
  std::vector<float> y(4);
  constexpr const char* message =
      "product: rows of W (4, 384) are not whole blocks of 256 weights, which its format consists of";
  CHECK_THROWS_WITH_AS(simd::product(weights, x.view(), MatrixView<float>(y.data(), 1, 4), 0, 4), message,
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(simd::product(weights, MatrixView<const float>(values.data(), 1, 384),
                                     MatrixView<float>(y.data(), 1, 4), 0, 4),
                       message, InvalidArgument);
}

TEST_CASE_TEMPLATE("blocks become weights to the bit of decode, on every level", Q, quant::Q4_K, quant::Q5_K,
                   quant::Q6_K) {
  // A row with a one in it takes one weight out of a product.
  const std::size_t cols = 768;
  const std::vector<std::byte> bytes = random_blocks<Q>(3, cols);
  std::vector<float> decoded(3 * cols);
  Q::decode({bytes.data(), 3, cols}, 0, decoded);
  for (const simd::Level level : test::levels()) {
    CAPTURE(simd::name(level));
    int wrong = 0;
    for (std::size_t c = 0; c < cols; ++c) {
      std::vector<float> x(cols);
      x[c] = 1;
      float y[3];
      simd::product(quant::KernelMatrixRef<Q>{bytes.data(), 3, cols}, MatrixView<const float>(x.data(), 1, cols),
                    MatrixView<float>(y, 1, 3), 0, 3, level);
      for (std::size_t o = 0; o < 3; ++o) wrong += y[o] == decoded[o * cols + c] ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("activations in the order of another format are refused") {
  const std::vector<std::byte> bytes = random_blocks<quant::Q4_K>(2, 256);
  const StoredRows8 x(1, 256, {.paired = true});
  float y[2];
  CHECK_THROWS_AS(simd::product<quant::Q4_K>({bytes.data(), 2, 256}, x.view(), MatrixView<float>(y, 1, 2), 0, 2),
                  InvalidArgument);
}
