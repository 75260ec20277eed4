// Unpacking with NEON gives what the formats' own decoders give, to the bit.
#include "asterism/simd/product/neon.hpp"

#if defined(__aarch64__)

#include <algorithm>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/least_squares.hpp"

#include "support/integer_products.hpp"
#include "support/packed_matrix.hpp"

using namespace asterism;
using namespace asterism::quant;

// Thirteen rows behind a whole tile of sixteen: tiles of a matrix with and without an order for kernels.
TEST_CASE_TEMPLATE("a tile unpacked with NEON equals the decoded elements", Q, BFloat16, Float16,
                   Nf4<32, DoubleQuantized>, Nf4<64>, Int8<16>, Int8<32>, Int4<16>, Int4<32, SignedLeastSquares>) {
  for (const std::size_t cols : {1U, 31U, 64U, 96U, 130U, 577U, 1024U}) {
    const std::size_t rows = 29;
    const test::PackedMatrix<Q> matrix(rows, cols, test::uneven_values(rows * cols, cols));
    const std::vector<float> decoded = matrix.decoded();
    std::vector<float> tile(simd::Neon::max_outputs * simd::segment);
    int wrong = 0;
    for (const std::size_t first_row : {0U, 1U, 12U, 28U}) {
      for (std::size_t c = 0; c < cols; c += simd::segment) {
        const std::size_t outputs = std::min(simd::Neon::max_outputs, rows - first_row);
        const std::size_t count = std::min(simd::segment, cols - c);
        simd::Neon::unpack(matrix.kernel_matrix(), first_row, outputs, c, count, tile.data());
        for (std::size_t o = 0; o < outputs; ++o) {
          const float* expected = decoded.data() + (first_row + o) * cols + c;
          wrong += std::memcmp(tile.data() + o * simd::segment, expected, count * sizeof(float)) == 0 ? 0 : 1;
        }
      }
    }
    CHECK(wrong == 0);
  }
}

#endif
