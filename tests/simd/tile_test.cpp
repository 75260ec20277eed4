// The loop nest visits every weight once for all rows, in tiles of the sizes that the kernels ask for.
#include "asterism/simd/product/tile.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/simd/product/portable.hpp"

#include "support/packed_matrix.hpp"

using namespace asterism;

namespace {

// The portable kernels with tiles of three outputs, counting what is unpacked.
struct Counting {
  static constexpr std::size_t max_outputs = 3;
  static std::size_t outputs(std::size_t rows) { return rows == 1 ? 2 : max_outputs; }
  static inline std::size_t unpacked = 0;
  static inline std::size_t widest = 0;
  static inline std::size_t highest = 0;

  template <quant::Quantization Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    unpacked += outputs * cols;
    widest = cols > widest ? cols : widest;
    highest = outputs > highest ? outputs : highest;
    simd::Portable::unpack(weights, o, outputs, c, cols, out);
  }
  static void multiply(MatrixView<const float> x, simd::Tile tile, bool accumulate, MatrixView<float> y) {
    simd::Portable::multiply(x, tile, accumulate, y);
  }
};

}  // namespace

TEST_CASE("every weight is unpacked once, whatever the number of rows") {
  const std::size_t outputs = 10;
  const std::size_t cols = 1300;
  const test::PackedMatrix<quant::BFloat16> weights(outputs, cols, std::vector<float>(outputs * cols, 0.5F));
  for (const std::size_t rows : {1U, 5U}) {
    Counting::unpacked = Counting::widest = Counting::highest = 0;
    const std::vector<float> x(rows * cols, 1.0F);
    std::vector<float> y(rows * outputs);
    simd::tiled_product<Counting>(weights.kernel_matrix(), MatrixView<const float>(x.data(), rows, cols),
                                  MatrixView<float>(y.data(), rows, outputs), 1, 7);
    CHECK(Counting::unpacked == 7 * cols);
    CHECK(Counting::widest == simd::segment);
    CHECK(Counting::highest == Counting::outputs(rows));
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t o = 0; o < outputs; ++o) CHECK(y[r * outputs + o] == (o >= 1 && o < 8 ? 650.0F : 0.0F));
    }
  }
}
