// Integer products of whole tiles equal plain loops on the standard order, bit for bit.
#include "asterism/simd/integer/avx512_tiles.hpp"

#if defined(__x86_64__)

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/level.hpp"

#include "support/integer_products.hpp"
#include "support/levels.hpp"

using namespace asterism;
using quant::DoubleQuantized;
using quant::Int4;
using quant::Int8;
using quant::Nf4;

TEST_CASE_TEMPLATE("tiles with Avx512Tiles equal plain loops" * test::needs_level(simd::Level::avx512), Q, Nf4<32>,
                   Nf4<64>, Nf4<64, DoubleQuantized>, Nf4<512, DoubleQuantized>, Int4<32>, Int4<128>, Int8<32>,
                   Int8<64>) {
  CHECK(test::wrong_in_tiles_of_all_sizes<simd::Avx512Tiles, int{simd::Avx512Tiles::most_rows}, Q>() == 0);
}

#endif
