// Integer products by tiles of the unit equal plain loops, bit for bit: on a model of the unit wherever AVX-512 is, and
// on the processor's own where there is one.
#include "asterism/simd/integer/amx_tiles.hpp"

#if defined(__x86_64__)

#include <vector>

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/simd/integer_product.hpp"
#include "asterism/simd/level.hpp"

#include "support/integer_products.hpp"
#include "support/levels.hpp"
#include "support/tile_model.hpp"

using namespace asterism;
using quant::DoubleQuantized;
using quant::Int4;
using quant::Int8;
using quant::Nf4;

namespace {

/// How many results of many rows differ from those of the portable kernels.
template <class Kernels, class Q, std::size_t Group>
int wrong_in_many_rows(std::size_t rows, std::size_t cols) {
  constexpr std::size_t outputs = 85;  // five tiles and a tail
  const test::PackedMatrix<Q> weights(outputs, cols, test::uneven_values(outputs * cols, 1));
  const test::StoredRows8 x(rows, cols, simd::activation_order<Q, Group>);
  for (std::size_t r = 0; r < rows; ++r) {
    simd::to_activations8(test::uneven_values(cols, 2 + r).data(), x.view(), r, 0, cols, simd::Level::portable);
  }
  std::vector<float> expected(rows * outputs, -1);
  std::vector<float> found(rows * outputs, -1);
  simd::product<Q, Group>(weights.kernel_matrix(), x.view(), MatrixView<float>(expected.data(), rows, outputs), 0,
                          outputs, simd::Level::portable);
  simd::detail::integer_product<Kernels, Group>(weights.kernel_matrix(), x.view(),
                                                MatrixView<float>(found.data(), rows, outputs), 0, outputs);
  int wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) wrong += test::same(found[i], expected[i]) ? 0 : 1;
  return wrong;
}

template <class Kernels, class Q>
int wrong_of_all() {
  int wrong = 0;
  for (const std::size_t rows : {15U, 16U, 31U, 32U, 53U, 96U}) {
    wrong += wrong_in_many_rows<Kernels, Q, 32>(rows, 3 * Q::KernelOrder::block);
    wrong += wrong_in_many_rows<Kernels, Q, 64>(rows, 3 * Q::KernelOrder::block);
    wrong += wrong_in_many_rows<Kernels, Q, 128>(rows, 3 * Q::KernelOrder::block);
  }
  const std::size_t wide = 2 * simd::UnpackedTile::most_cols + Q::KernelOrder::block;
  return wrong + wrong_in_many_rows<Kernels, Q, 32>(33, wide) + wrong_in_many_rows<Kernels, Q, 128>(49, wide);
}

}  // namespace

TEST_CASE_TEMPLATE("many rows by a model of the unit" * test::needs_level(simd::Level::avx512), Q, Nf4<32>,
                   Nf4<64>, Nf4<64, DoubleQuantized>, Nf4<256, DoubleQuantized>, Int4<32>, Int4<128>, Int8<32>,
                   Int8<64>) {
  test::TileModel::faults = 0;
  CHECK(wrong_of_all<simd::AmxTilesOn<test::TileModel>, Q>() == 0);
  CHECK(test::TileModel::faults == 0);
  CHECK_FALSE(test::TileModel::configured);
}

TEST_CASE_TEMPLATE("many rows by the unit" * test::needs_level(simd::Level::amx), Q, Nf4<32>, Nf4<64>,
                   Nf4<64, DoubleQuantized>, Nf4<256, DoubleQuantized>, Int4<32>, Int4<128>, Int8<32>, Int8<64>) {
  CHECK(wrong_of_all<simd::AmxTiles, Q>() == 0);
}

#endif
