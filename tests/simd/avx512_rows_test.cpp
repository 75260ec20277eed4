// Products with weights in rows: the same bits from memory and from a tile, every tail, nothing else written.
#include "asterism/simd/product/avx512_rows.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"
#include "asterism/kernels.hpp"
#include "asterism/simd/level.hpp"

#include "support/levels.hpp"
#include "support/packed_matrix.hpp"
#include "support/rows.hpp"

using namespace asterism;

#if defined(__x86_64__)

using simd::Avx512Rows;

namespace {

constexpr float untouched = -12345.0F;

}  // namespace

TEST_CASE_TEMPLATE("stored and unpacked rows" * test::needs_level(simd::Level::avx512), Q, quant::Float32,
                   quant::BFloat16, quant::Float16) {
  constexpr std::size_t outputs = 11;
  constexpr std::size_t cols = 77;
  const test::PackedMatrix<Q> weights(outputs, cols, test::random_row(outputs * cols, 1));
  const std::vector<float> decoded = weights.decoded();
  for (const std::size_t width : {1U, 15U, 16U, 17U, 33U, 64U, 70U}) {
    for (std::size_t rows = 1; rows <= 9; ++rows) {
      for (const std::size_t count : {1U, 2U, 3U, 4U, 5U, 7U, 8U}) {
        const std::size_t first = 3;
        const std::size_t c = 7;
        const std::size_t x_stride = width + 3;
        const std::vector<float> x = test::random_row(rows * x_stride, 2);
        const MatrixView<const float> columns(x.data(), rows, width, x_stride);
        const std::size_t stride = count + 2;
        for (const bool accumulate : {false, true}) {
          std::vector<float> stored(rows * stride, untouched);
          Avx512Rows::multiply_stored(weights.kernel_matrix(), first, c, columns, accumulate,
                                      MatrixView<float>(stored.data(), rows, count, stride));
          std::vector<float> unpacked(rows * stride, untouched);
          Avx512Rows::multiply(columns, {decoded.data() + first * cols + c, cols, count, width}, accumulate,
                               MatrixView<float>(unpacked.data(), rows, count, stride));
          CHECK(stored == unpacked);
          int wrong = 0;
          for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t o = 0; o < stride; ++o) {
              double exact = o >= count || accumulate ? double{untouched} : 0.0;
              for (std::size_t k = 0; k < width && o < count; ++k) {
                exact += double{x[r * x_stride + k]} * double{decoded[(first + o) * cols + c + k]};
              }
              const double bound = o >= count ? 0 : accumulate ? 0.01 : 1e-4;
              wrong += std::fabs(double{stored[r * stride + o]} - exact) <= bound ? 0 : 1;
            }
          }
          CHECK(wrong == 0);
        }
      }
    }
  }
}

TEST_CASE("few rows are multiplied as the weights are stored") {
  const quant::KernelMatrixRef<quant::BFloat16> weights{nullptr, 4, 64};
  CHECK(Avx512Rows::takes_stored(weights, 1));
  CHECK(Avx512Rows::takes_stored(weights, 8));
  CHECK_FALSE(Avx512Rows::takes_stored(weights, 9));
  for (std::size_t rows = 1; rows < 20; ++rows) CHECK(Avx512Rows::outputs(rows) <= Avx512Rows::max_outputs);
}

#endif
