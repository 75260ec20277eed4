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
  simd::detail::integer_product<simd::PortableTiles, Group>(
      weights.kernel_matrix(), x.view(), MatrixView<float>(expected.data(), rows, outputs), 0, outputs);
  simd::detail::integer_product<Kernels, Group>(weights.kernel_matrix(), x.view(),
                                                MatrixView<float>(found.data(), rows, outputs), 0, outputs);
  int wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) wrong += test::same(found[i], expected[i]) ? 0 : 1;
  return wrong;
}

template <class Kernels, class Q, std::size_t Group>
int wrong_of_all() {
  int wrong = 0;
  for (const std::size_t rows : {15U, 16U, 31U, 32U, 53U, 96U}) {
    wrong += wrong_in_many_rows<Kernels, Q, Group>(rows, 3 * Q::KernelOrder::block);
  }
  const std::size_t wide = 2 * simd::UnpackedTile::most_cols + Q::KernelOrder::block;
  return wrong + wrong_in_many_rows<Kernels, Q, Group>(33, wide) + wrong_in_many_rows<Kernels, Q, Group>(49, wide);
}

// Each pair of format and group takes a compiler seconds: blocks below, at and above the group.
template <class Kernels>
int wrong_of_formats() {
  return wrong_of_all<Kernels, Nf4<32>, 64>() + wrong_of_all<Kernels, Nf4<64>, 32>() +
         wrong_of_all<Kernels, Nf4<64, DoubleQuantized>, 32>() +
         wrong_of_all<Kernels, Nf4<64, DoubleQuantized>, 128>() +
         wrong_of_all<Kernels, Nf4<256, DoubleQuantized>, 64>() + wrong_of_all<Kernels, Int4<32>, 32>() +
         wrong_of_all<Kernels, Int4<128>, 64>() + wrong_of_all<Kernels, Int8<32>, 128>() +
         wrong_of_all<Kernels, Int8<64>, 32>();
}

}  // namespace

TEST_CASE("many rows by a model of the unit" * test::needs_level(simd::Level::avx512)) {
  test::TileModel::faults = 0;
  CHECK(wrong_of_formats<simd::AmxTilesOn<test::TileModel>>() == 0);
  CHECK(test::TileModel::faults == 0);
  CHECK_FALSE(test::TileModel::configured);
}

TEST_CASE("many rows by the unit" * test::needs_level(simd::Level::amx)) {
  CHECK(wrong_of_formats<simd::AmxTiles>() == 0);
}

#endif
