// Scales of a tile in a register equal those that the format reads one by one, bit for bit.
#include "asterism/simd/product/avx512_scales.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/level.hpp"

#include "support/integer_products.hpp"
#include "support/levels.hpp"

using namespace asterism;
using namespace asterism::quant;

#if defined(__x86_64__)

namespace {

template <class Reader>
__attribute__((target("avx512f"))) void read_next(simd::Avx512Scales<Reader>& scales, float* out) {
  _mm512_storeu_ps(out, scales.next());
}

}  // namespace

// Widths whose blocks do not divide the 256 that share a nested scale: it changes inside rows, and elsewhere in each.
TEST_CASE_TEMPLATE("the scales of every block of every tile" * test::needs_level(simd::Level::avx512), Q, Nf4<64>,
                   Nf4<32, DoubleQuantized>, Nf4<64, DoubleQuantized>, Int4<32>, Int8<16>) {
  for (const std::uint64_t blocks : {2U, 14U, 100U, 256U, 300U, 514U}) {
    const std::uint64_t rows = 53;
    const std::uint64_t cols = blocks * Q::KernelOrder::block;
    const test::PackedMatrix<Q> weights(rows, cols, test::uneven_values(rows * cols, blocks));
    const auto one_by_one = Q::scales(weights.view());
    int wrong = 0;
    for (std::uint64_t tile = 0; tile < rows / 16; ++tile) {
      const TiledRow first = tiled_row(weights.kernel_matrix(), tile * 16);
      simd::Avx512Scales<typename Q::ScaleReader> scales(
          Q::scales(weights.kernel_matrix().matrix()),
          {.place = first.scales, .first_block = first.first_block, .row_blocks = blocks});
      for (std::uint64_t b = 0; b < blocks; ++b) {
        float found[16];
        read_next(scales, found);
        for (std::uint64_t i = 0; i < 16; ++i) {
          wrong += test::same(found[i], one_by_one((tile * 16 + i) * blocks + b)) ? 0 : 1;
        }
      }
    }
    CHECK(wrong == 0);
  }
}

// The codes of scales near the mean cluster; here every entry of the map takes its turn.
TEST_CASE("every entry of the dynamic map" * test::needs_level(simd::Level::avx512)) {
  using Q = Nf4<64, DoubleQuantized>;
  const std::uint64_t blocks = 16;
  test::PackedMatrix<Q> weights(16, blocks * 64, test::uneven_values(16 * blocks * 64, 1));
  for (std::uint64_t i = 0; i < 256; ++i) {
    weights.bytes()[Q::planes(16, blocks * 64)[1].offset + i] = static_cast<std::byte>(i);
  }
  const auto one_by_one = Q::scales(weights.view());  // as places: a tile whose scales were not moved
  simd::Avx512Scales<Q::ScaleReader> scales(one_by_one, {.place = 0, .first_block = 0, .row_blocks = blocks});
  int wrong = 0;
  for (std::uint64_t b = 0; b < blocks; ++b) {
    float found[16];
    read_next(scales, found);
    for (std::uint64_t i = 0; i < 16; ++i) wrong += test::same(found[i], one_by_one(b * 16 + i)) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

#endif
