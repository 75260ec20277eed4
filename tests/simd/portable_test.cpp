// The portable kernels add up in a fixed order, and to the last element.
#include "asterism/simd/product/portable.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/float32.hpp"

#include "support/packed_matrix.hpp"

using namespace asterism;

TEST_CASE("every element counts once") {
  std::vector<float> a(100, 1.0F);
  std::vector<float> b(100);
  for (std::size_t n = 0; n <= 100; ++n) {
    for (std::size_t i = 0; i < 100; ++i) b[i] = i < n ? std::ldexp(1.0F, static_cast<int>(i % 20)) : 1e30F;
    float sum = 0;  // whole numbers below 2^24: exact in any order
    for (std::size_t i = 0; i < n; ++i) sum += b[i];
    CHECK(simd::Portable::dot(a.data(), b.data(), n) == sum);
  }
}

TEST_CASE("a tile is unpacked row by row") {
  std::vector<float> values(15);
  for (std::size_t i = 0; i < 15; ++i) values[i] = static_cast<float>(i);
  const test::PackedMatrix<quant::Float32> matrix(3, 5, values);
  std::vector<float> tile(2 * simd::segment, -1.0F);
  simd::Portable::unpack(matrix.kernel_matrix(), 1, 2, 2, 3, tile.data());
  CHECK(std::vector<float>(tile.begin(), tile.begin() + 4) == std::vector<float>{7, 8, 9, -1});
  CHECK(std::vector<float>(tile.begin() + simd::segment, tile.begin() + simd::segment + 4) ==
        std::vector<float>{12, 13, 14, -1});
}
