// What kernels do with packed weights, on the CPU: every element has the bits of Format::decode, whichever way it is
// reached.
#include "asterism/cuda/quant/decode.hpp"

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/operand.hpp"
#include "asterism/cuda/quant/stored_matrix.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/least_squares.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/packed_matrix.hpp"
#include "support/rows.hpp"

using namespace asterism;

namespace {

const cuda::Nf4Tables tables{.values = quant::nf4_table.data(), .scales = quant::dynamic_map.data()};

}  // namespace

TEST_CASE_TEMPLATE("decoding piece by piece", Format, quant::Float32, quant::BFloat16, quant::Float16,
                   quant::Nf4<32>, quant::Nf4<64, quant::DoubleQuantized>,
                   quant::Nf4<4096, quant::PlainScales, quant::LeastSquares>,
                   quant::Nf4<64, quant::DoubleQuantized, quant::SignedLeastSquares>) {
  constexpr std::size_t rows = 9;
  constexpr std::size_t cols = 1037;  // odd rows begin in the middle of a byte
  test::PackedMatrix<Format> packed(rows, cols, test::random_row(rows * cols, 5));
  const backend::DeviceWeights<Format> weights{packed.bytes(), rows, cols, 0};
  const cuda::StoredMatrix matrix = cuda::stored(weights);
  constexpr cuda::Storage storage = cuda::StorageOf<Format>::storage;
  CHECK(matrix.storage == storage);
  CHECK(matrix.rows == rows);
  CHECK(matrix.cols == cols);
  const std::vector<float> expected = packed.decoded();
  std::vector<float> one(expected.size());
  for (std::size_t i = 0; i < one.size(); ++i) one[i] = cuda::decoded<storage>(matrix, tables, i);
  CHECK(test::same_bits(one, expected));
  for (std::size_t first = 0; first < expected.size(); ++first) {
    for (const int count : {8, 5}) {
      if (first + static_cast<std::size_t>(count) > expected.size()) continue;
      float out[8];
      cuda::decode_piece<storage>(matrix, tables, first, count, out);
      bool same = std::memcmp(out, expected.data() + first, static_cast<std::size_t>(count) * sizeof(float)) == 0;
      for (int i = count; i < 8; ++i) same = same && out[i] == 0;
      if (!same) FAIL("elements from ", first, " on");
    }
  }
}
