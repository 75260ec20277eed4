// Measuring equals laying out: one size model for the plan and the run.
#include "asterism/backend/layout.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

using namespace asterism;
using namespace asterism::backend;

namespace {

struct Piece {
  const std::byte* begin = nullptr;
  std::uint64_t bytes = 0;
};

// A random sequence of pieces over any cursor.
std::vector<Piece> lay_out(Layout& cursor, std::uint64_t seed) {
  Random random(seed);
  std::vector<Piece> pieces;
  const auto weights = [&]<class Format>(Format*, std::uint64_t rows, std::uint64_t cols) {
    const auto w = cursor.weights<Format>(rows, cols);
    pieces.push_back({w.data, Format::planes(rows, cols).bytes().count});
  };
  for (int i = 0; i < 12; ++i) {
    const std::size_t rows = random.below(5);
    const std::size_t cols = random.below(70);
    switch (random.below(5)) {
      case 0:
        pieces.push_back({reinterpret_cast<const std::byte*>(cursor.matrix<float>(rows, cols).view.data),
                          rows * cols * sizeof(float)});
        break;
      case 1:
        pieces.push_back({reinterpret_cast<const std::byte*>(cursor.matrix<std::int32_t>(1, cols).view.data),
                          cols * sizeof(std::int32_t)});
        break;
      case 2:
        weights(static_cast<quant::Float32*>(nullptr), rows, cols);
        break;
      case 3:
        weights(static_cast<quant::BFloat16*>(nullptr), rows, cols);
        break;
      default:
        weights(static_cast<quant::Nf4<64, quant::DoubleQuantized>*>(nullptr), rows, cols);
    }
  }
  return pieces;
}

constexpr Bytes measured() {
  Layout cursor;
  cursor.matrix<float>(3, 5);             // 60 -> 64
  cursor.weights<quant::Nf4<64>>(2, 64);  // 64 of codes, 8 of scales -> 64 + 64
  cursor.matrix<std::int32_t>(1, 17);     // 68 -> 128
  cursor.weights<quant::Float32>(1, 1);   // 4 -> 64
  return cursor.used();
}
static_assert(measured() == 384_B);

}  // namespace

TEST_CASE("measuring equals laying out, and pieces are aligned, in order and disjoint") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Layout measure;
    for (const Piece& piece : lay_out(measure, seed)) CHECK(piece.begin == nullptr);
    Arena arena(2, 1_MiB);
    const Buffer buffer = arena.allocate(measure.used(), "test");
    CHECK(buffer.size() == measure.used());
    Layout cursor(buffer);
    const std::byte* end = buffer.data();
    for (const Piece& piece : lay_out(cursor, seed)) {
      CHECK(piece.begin == end);
      CHECK(reinterpret_cast<std::uintptr_t>(piece.begin) % alignment == 0);
      end = piece.begin + aligned(piece.bytes);
    }
    CHECK(end == buffer.data() + buffer.size().count);
    CHECK(cursor.used() == measure.used());
  }
}

TEST_CASE("pieces know their device and their sizes") {
  Arena arena(5, 1_KiB);
  const Buffer buffer = arena.allocate(512_B, "test");
  Layout cursor(buffer);
  const DeviceMatrix<float> matrix = cursor.matrix<float>(3, 5);
  CHECK(matrix.device == 5);
  CHECK(matrix.rows() == 3);
  CHECK(matrix.cols() == 5);
  CHECK(matrix.view.stride == 5);
  const auto weights = cursor.weights<quant::Float32>(4, 6);
  CHECK(weights.device == 5);
  CHECK(weights.rows == 4);
  CHECK(weights.cols == 6);
  CHECK(cursor.used() == Bytes{64 + 128});
}
