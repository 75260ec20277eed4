// Level::avx512 takes each output by the kernels that its place asks for, however the outputs are cut.
#include "asterism/simd/product/avx512.hpp"

#if defined(__x86_64__)

#include <vector>

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/level.hpp"

#include "support/levels.hpp"
#include "support/packed_matrix.hpp"
#include "support/rows.hpp"

using namespace asterism;
using quant::DoubleQuantized;
using quant::Int4;
using quant::Int8;
using quant::Nf4;

TEST_CASE_TEMPLATE("every cut of the outputs gives the same bits and leaves the others alone" *
                       test::needs_level(simd::Level::avx512),
                   Q, Nf4<64, DoubleQuantized>, Int4<32>, Int8<16>, quant::BFloat16) {
  constexpr float untouched = -12345.0F;
  constexpr std::size_t outputs = 37;
  for (const std::size_t cols : {64U, 65U, 576U}) {
    const test::PackedMatrix<Q> weights(outputs, cols, test::random_row(outputs * cols, 1));
    for (const std::size_t rows : {1U, 7U}) {
      const std::vector<float> x = test::random_row(rows * cols, 2);
      const MatrixView<const float> input(x.data(), rows, cols);
      std::vector<float> all(rows * outputs, untouched);
      simd::Avx512::product(weights.kernel_matrix(), input, MatrixView<float>(all.data(), rows, outputs), 0,
                            outputs);
      for (std::size_t first = 0; first < outputs; ++first) {
        int wrong = 0;
        for (std::size_t end = first; end <= outputs; ++end) {
          std::vector<float> y(rows * outputs, untouched);
          simd::Avx512::product(weights.kernel_matrix(), input, MatrixView<float>(y.data(), rows, outputs), first,
                                end - first);
          for (std::size_t i = 0; i < y.size(); ++i) {
            const std::size_t o = i % outputs;
            wrong += y[i] == (o >= first && o < end ? all[i] : untouched) ? 0 : 1;
          }
        }
        CHECK(wrong == 0);
      }
    }
  }
}

// Rows behind the last whole tile and matrices that are not in tiles have the bits of Level::avx2.
TEST_CASE("tails and odd widths go through the kernels of AVX2" * test::needs_level(simd::Level::avx512)) {
  using Q = Nf4<64>;
  for (const std::size_t cols : {128U, 100U}) {
    const test::PackedMatrix<Q> weights(21, cols, test::random_row(21 * cols, 1));
    const std::vector<float> x = test::random_row(3 * cols, 2);
    const MatrixView<const float> input(x.data(), 3, cols);
    std::vector<float> y(3 * 21);
    std::vector<float> expected(3 * 21);
    simd::Avx512::product(weights.kernel_matrix(), input, MatrixView<float>(y.data(), 3, 21), 0, 21);
    simd::tiled_product<simd::Avx2>(weights.kernel_matrix(), input, MatrixView<float>(expected.data(), 3, 21), 0,
                                    21);
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t o = cols == 128 ? 16 : 0; o < 21; ++o) CHECK(y[r * 21 + o] == expected[r * 21 + o]);
    }
  }
}

#endif
