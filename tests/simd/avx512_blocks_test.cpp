// Exact products of whole tiles: near the sum in double precision, the same bits for any rows, nothing else written.
#include "asterism/simd/product/avx512_blocks.hpp"

#include <cmath>
#include <vector>

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

#if defined(__x86_64__)

namespace {

constexpr float untouched = -12345.0F;

template <int Rows, class Q>
std::vector<float> tiles(const test::PackedMatrix<Q>& weights, const std::vector<float>& x, std::size_t x_stride,
                         std::size_t stride, std::uint16_t wanted) {
  std::vector<float> y(4 * stride, untouched);
  const auto scales = Q::scales(weights.kernel_matrix().matrix());
  for (int r = 0; r < 4; r += Rows) {
    for (std::uint64_t tile = 0; tile < 3; ++tile) {
      simd::Avx512Blocks::multiply_tile<Rows>(
          weights.kernel_matrix(), scales, tile, x.data() + static_cast<std::size_t>(r) * x_stride, x_stride,
          y.data() + static_cast<std::size_t>(r) * stride + tile * 16, stride, wanted);
    }
  }
  return y;
}

}  // namespace

TEST_CASE_TEMPLATE("tiles in floats" * test::needs_level(simd::Level::avx512), Q, Nf4<32>, Nf4<64>,
                   Nf4<64, DoubleQuantized>, Nf4<1024, DoubleQuantized>, Nf4<4096>, Int4<16>, Int4<32>, Int4<512>,
                   Int8<16>, Int8<32>, Int8<64>, Int8<256>) {
  constexpr std::size_t outputs = 53;
  for (const std::size_t blocks : {2U, 6U, 34U}) {
    if (blocks * Q::KernelOrder::block > 9000) continue;
    const std::size_t cols = blocks * Q::KernelOrder::block;
    const test::PackedMatrix<Q> weights(outputs, cols, test::uneven_values(outputs * cols, 1));
    const std::vector<float> decoded = weights.decoded();
    const std::size_t x_stride = cols + 5;
    const std::vector<float> x = test::uneven_values(4 * x_stride, 2);
    const std::size_t stride = outputs + 1;
    for (const std::uint16_t wanted : {0xFFFF, 0x0001, 0x7FF8}) {
      const std::vector<float> y = tiles<4>(weights, x, x_stride, stride, wanted);
      CHECK(y == tiles<2>(weights, x, x_stride, stride, wanted));
      CHECK(y == tiles<1>(weights, x, x_stride, stride, wanted));
      int wrong = 0;
      for (std::size_t r = 0; r < 4; ++r) {
        for (std::size_t o = 0; o < stride; ++o) {
          if (o >= 48 || (wanted >> (o % 16) & 1) == 0) {
            wrong += y[r * stride + o] == untouched ? 0 : 1;
            continue;
          }
          double exact = 0;
          double magnitude = 0;
          for (std::size_t c = 0; c < cols; ++c) {
            const double term = double{x[r * x_stride + c]} * double{decoded[o * cols + c]};
            exact += term;
            magnitude += std::fabs(term);
          }
          const double bound = (40 + static_cast<double>(cols) / 512) * 0x1p-23 * magnitude;
          wrong += std::fabs(double{y[r * stride + o]} - exact) <= bound ? 0 : 1;
        }
      }
      CHECK(wrong == 0);
    }
  }
}

#endif
