// Operands carry their device along.
#include "asterism/backend/operand.hpp"

#include <cstring>
#include <type_traits>

#include <doctest/doctest.h>

#include "asterism/quant/float32.hpp"

using namespace asterism;
using namespace asterism::backend;

static_assert(std::is_convertible_v<DeviceMatrix<float>, DeviceMatrix<const float>>);
static_assert(!std::is_convertible_v<DeviceMatrix<const float>, DeviceMatrix<float>>);
static_assert(!std::is_convertible_v<DeviceMatrix<float>, DeviceMatrix<const int>>);
static_assert(DeviceMatrix<float>{}.device == -1 && DeviceWeights<quant::Float32>{}.device == -1);

TEST_CASE("a part of a matrix stays on its device") {
  Arena arena(4, 1_KiB);
  const Buffer buffer = arena.allocate(256_B, "test");
  const DeviceMatrix<float> matrix = matrix_in<float>(buffer, 64, 4, 3);
  CHECK(matrix.view.data == reinterpret_cast<float*>(buffer.data() + 64));
  const DeviceMatrix<float> rows = matrix.rows_at(1, 2);
  CHECK(rows.device == 4);
  CHECK(rows.rows() == 2);
  CHECK(rows.view.data == matrix.view.data + 3);
  const DeviceMatrix<const float> read_only = rows;
  CHECK(read_only.device == 4);
  CHECK(read_only.view.data == rows.view.data);
  CHECK(read_only.view.stride == 3);
}

TEST_CASE("weights in a buffer are packed weights") {
  Arena arena(4, 1_KiB);
  const Buffer buffer = arena.allocate(256_B, "test");
  const auto weights = weights_in<quant::Float32>(buffer, 64, 2, 3);
  CHECK(weights.device == 4);
  const quant::MatrixRef<quant::Float32> packed = weights.matrix();
  CHECK(packed.data == buffer.data() + 64);
  CHECK(packed.rows == 2);
  CHECK(packed.cols == 3);
}
