// Integer products of whole tiles equal plain loops on the standard order, bit for bit.
#include "asterism/simd/integer/neon_tiles.hpp"

#if defined(__aarch64__)

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/integer/neon_quantize.hpp"
#include "asterism/simd/level.hpp"

#include "support/integer_products.hpp"
#include "support/levels.hpp"

using namespace asterism;
using quant::DoubleQuantized;
using quant::Int4;
using quant::Int8;
using quant::Nf4;
using test::PackedMatrix;

TEST_CASE_TEMPLATE("tiles with NEON equal plain loops", Q, Nf4<32>, Nf4<64, DoubleQuantized>, Int4<32>, Int4<128>,
                   Int8<32>) {
  CHECK(test::wrong_in_tiles_of_all_sizes<simd::NeonTiles, int{simd::NeonTiles::most_rows}, Q>() == 0);
}

TEST_CASE_TEMPLATE("tiles with NEON's dot products equal plain loops" * test::needs_level(simd::Level::dotprod), Q,
                   Nf4<32>, Nf4<64, DoubleQuantized>, Int4<32>, Int4<128>, Int8<32>) {
  CHECK(test::wrong_in_tiles_of_all_sizes<simd::DotprodTiles, int{simd::DotprodTiles::most_rows}, Q>() == 0);
}

TEST_CASE_TEMPLATE("tiles with NEON's products of matrices equal plain loops" *
                       test::needs_level(simd::Level::i8mm),
                   Q, Nf4<32>, Nf4<64, DoubleQuantized>, Int4<32>, Int4<128>, Int8<32>) {
  CHECK(test::wrong_in_tiles_of_all_sizes<simd::I8mmTiles, int{simd::I8mmTiles::most_rows}, Q>() == 0);
}

// Sums of products of the largest codes, all of one sign, stay below those of 16 bits that NeonPairs adds up.
TEST_CASE_TEMPLATE("the largest codes do not overflow", Q, Nf4<64>, Int4<32>, Int8<32>) {
  for (const float weight : {1.0F, -1.0F}) {
    const PackedMatrix<Q> weights(16, 128, std::vector<float>(16 * 128, weight));
    const std::vector<float> values(128, 1.0F);
    const test::StoredRows8 x(1, 128, simd::activation_order<Q>);
    simd::NeonQuantize::quantize(values.data(), x.view(), 0, 0, 128);
    std::vector<float> y(16);
    simd::NeonTiles::multiply_tiles<1, 1, 32>(weights.kernel_matrix(), Q::scales(weights.view()), 0, x.view(),
                                              y.data(), 16);
    const float expected = test::naive_integer_product<32>(weights.view(), 0, test::NaiveRow8(values));
    CHECK(std::fabs(expected - 128 * weight) < 1);
    CHECK(y == std::vector<float>(16, expected));
  }
}

#endif
