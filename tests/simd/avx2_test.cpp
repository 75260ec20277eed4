// Unpacking with AVX2 gives what the formats' own decoders give, to the bit.
#include "asterism/simd/product/avx2.hpp"

#if defined(__x86_64__)

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/simd/level.hpp"

#include "support/levels.hpp"
#include "support/packed_matrix.hpp"

using namespace asterism;
using namespace asterism::quant;

// Thirteen rows behind a whole tile of sixteen: tiles of a matrix with and without an order for kernels.
TEST_CASE_TEMPLATE("a tile unpacked with AVX2 equals the decoded elements" * test::needs_level(simd::Level::avx2),
                   Q, BFloat16, Float16, Nf4<32>, Nf4<64>, Nf4<32, DoubleQuantized>, Nf4<64, DoubleQuantized>,
                   Nf4<64, DoubleQuantized, SignedLeastSquares>, Nf4<1024, DoubleQuantized>, Int8<16>, Int8<32>,
                   Int8<64>, Int8<256, SignedLeastSquares>, Int4<16>, Int4<32>, Int4<32, SignedLeastSquares>,
                   Int4<64>, Int4<128, LeastSquares>) {
  Random random(1);
  for (const std::size_t cols : {1U, 31U, 64U, 96U, 130U, 512U, 577U, 1024U, 1088U}) {
    const std::size_t rows = 29;
    std::vector<float> values(rows * cols);
    // Scales of many sizes, so that the second quantization rounds.
    for (float& value : values) value = static_cast<float>(random.normal() * std::exp(random.normal()));
    const test::PackedMatrix<Q> matrix(rows, cols, values);
    const std::vector<float> decoded = matrix.decoded();
    std::vector<float> tile(simd::Avx2::max_outputs * simd::segment);
    int wrong = 0;
    for (const std::size_t first_row : {0U, 1U, 12U, 28U}) {
      for (std::size_t c = 0; c < cols; c += simd::segment) {
        const std::size_t width = std::min(simd::segment, cols - c);
        const std::size_t outputs = std::min(simd::Avx2::max_outputs, rows - first_row);
        simd::Avx2::unpack(matrix.kernel_matrix(), first_row, outputs, c, width, tile.data());
        for (std::size_t i = 0; i < outputs; ++i) {
          const float* expected = decoded.data() + (first_row + i) * cols + c;
          wrong += std::memcmp(tile.data() + i * simd::segment, expected, width * sizeof(float)) != 0 ? 1 : 0;
        }
      }
    }
    CHECK(wrong == 0);
  }
}

#endif
