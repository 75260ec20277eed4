// Kernel order is a permutation of a matrix's own bytes that loses nothing.
#include "asterism/quant/kernel_order.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/kernels.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/ggml_formats.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"

#include "laws/quantization_laws.hpp"

using namespace asterism;
using namespace asterism::quant;

namespace {

constexpr std::size_t margin = 64;

std::vector<std::byte> random_bytes(std::size_t count) {
  Random random(1);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// Formats with a mistake each, Int8 otherwise.
template <class Self>
struct Mistaken : Int8<32> {
  static void decode(MatrixRef<Self> matrix, std::uint64_t first, View<float> out) {
    Int8<32>::decode({matrix.data, matrix.rows, matrix.cols}, first, out);
  }
  static double error_bound(MatrixRef<Self> matrix, std::uint64_t i, float original) {
    return Int8<32>::error_bound({matrix.data, matrix.rows, matrix.cols}, i, original);
  }
  static ScaleReader scales(MatrixRef<Self> matrix) {
    return Int8<32>::scales({matrix.data, matrix.rows, matrix.cols});
  }
};
struct Halves : Mistaken<Halves> {  // decode_codes does not know of it
  static void decode(MatrixRef<Halves> matrix, std::uint64_t first, View<float> out) {
    Mistaken::decode(matrix, first, out);
    for (float& value : out) value /= 2;
  }
};
struct ScalesByBlock : Mistaken<ScalesByBlock> {
  struct ScaleReader : Float16Scales {
    float at(std::uint64_t /*place*/, std::uint64_t block) const { return (*this)(block); }
  };
  static ScaleReader scales(MatrixRef<ScalesByBlock> matrix) { return {Mistaken::scales(matrix)}; }
};

}  // namespace

TEST_CASE_TEMPLATE("there and back gives every byte, and nothing outside the planes of codes and scales moves", Q,
                   Nf4<32>, Nf4<64, DoubleQuantized>, Nf4<512>, Int4<16>, Int4<32>, Int8<16>, Int8<64>, BFloat16) {
  for (const std::uint64_t rows : {1U, 15U, 16U, 17U, 32U, 53U}) {
    for (const std::uint64_t cols : {1U, 16U, 32U, 48U, 64U, 65U, 96U, 512U, 576U, 1536U}) {
      CAPTURE(rows);
      CAPTURE(cols);
      const Planes planes = Q::planes(rows, cols);
      const std::size_t size = planes.bytes().count;
      const std::vector<std::byte> before = random_bytes(size + 2 * margin);
      std::vector<std::byte> bytes = before;
      to_kernel_order<Q>(bytes.data() + margin, rows, cols);
      std::vector<bool> may_move(bytes.size(), false);
      bool in_tiles = false;
      if constexpr (HasKernelOrder<Q>) {
        in_tiles = rows >= 16 && cols % Q::KernelOrder::block == 0 && cols % 32 == 0;
        for (int i = 0; in_tiles && i < 2; ++i) {
          const std::uint64_t moved = planes[i].bytes / rows * (rows / 16 * 16);
          std::fill_n(may_move.begin() + static_cast<std::ptrdiff_t>(margin + planes[i].offset),
                      static_cast<std::ptrdiff_t>(moved), true);
        }
      }
      int wrong = 0;
      for (std::size_t i = 0; i < bytes.size(); ++i) wrong += !may_move[i] && bytes[i] != before[i] ? 1 : 0;
      CHECK(wrong == 0);
      CHECK((bytes != before) == in_tiles);
      to_standard<Q>(bytes.data() + margin, rows, cols);
      CHECK(bytes == before);
    }
  }
}

TEST_CASE_TEMPLATE("unit u of row i of a tile moves to place 16 u + i, and scale u too", Q,
                   Nf4<64, DoubleQuantized>, Nf4<32>, Int4<32>, Int8<64>) {
  const std::uint64_t rows = 37;
  const std::uint64_t cols = 5 * Q::KernelOrder::block * (Q::KernelOrder::block < 32 ? 2 : 1);
  const Planes planes = Q::planes(rows, cols);
  const std::vector<std::byte> before = random_bytes(planes.bytes().count);
  std::vector<std::byte> bytes = before;
  to_kernel_order<Q>(bytes.data(), rows, cols);
  int wrong = 0;
  for (int plane = 0; plane < 2; ++plane) {
    const std::uint64_t unit = plane == 0 ? 4 : planes[1].bytes / (rows * cols / Q::KernelOrder::block);
    const std::uint64_t width = planes[plane].bytes / rows / unit;
    for (std::uint64_t row = 0; row < 32; ++row) {
      for (std::uint64_t u = 0; u < width; ++u) {
        const std::byte* from = before.data() + planes[plane].offset + (row * width + u) * unit;
        const std::byte* to =
            bytes.data() + planes[plane].offset + (row / 16 * 16 * width + u * 16 + row % 16) * unit;
        wrong += std::memcmp(from, to, unit) != 0 ? 1 : 0;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("decoding gives the bits of the standard order, for any piece", Q, Nf4<32>,
                   Nf4<64, DoubleQuantized>, Nf4<512>, Int4<16>, Int4<32>, Int4<128>, Int8<16>, Int8<64>,
                   BFloat16) {
  laws::kernel_order_decodes_alike<Q>();
}

TEST_CASE("weights that kernel order decodes in another way are found" * doctest::should_fail()) {
  laws::kernel_order_decodes_alike<Halves>();
}

TEST_CASE("a scale taken from its place in the standard order is found" * doctest::should_fail()) {
  laws::kernel_order_decodes_alike<ScalesByBlock>();
}

TEST_CASE("which matrices have tiles") {
  CHECK(KernelMatrixRef<Nf4<64>>{nullptr, 16, 128}.in_tiles());
  CHECK(KernelMatrixRef<Nf4<64>>{nullptr, 3, 64}.in_tiles());  // all rows are a tail
  CHECK_FALSE(KernelMatrixRef<Nf4<64>>{nullptr, 16, 96}.in_tiles());
  CHECK_FALSE(KernelMatrixRef<Nf4<64>>{nullptr, 16, 0}.in_tiles());
  CHECK_FALSE(KernelMatrixRef<Int8<16>>{nullptr, 16, 48}.in_tiles());
  CHECK(KernelMatrixRef<Int8<16>>{nullptr, 16, 96}.in_tiles());
  CHECK_FALSE(KernelMatrixRef<BFloat16>{nullptr, 16, 64}.in_tiles());
  CHECK(rows_in_tiles(KernelMatrixRef<Nf4<64>>{nullptr, 53, 64}) == 48);
  CHECK(rows_in_tiles(KernelMatrixRef<Nf4<64>>{nullptr, 15, 64}) == 0);
  CHECK(rows_in_tiles(KernelMatrixRef<Nf4<64>>{nullptr, 53, 65}) == 0);
}

TEST_CASE_TEMPLATE("blocks that hold their scale: there and back gives every byte, and places are as tiled_row says", Q,
                   Q4_0, Q8_0, IQ4_NL, MXFP4) {
  constexpr std::size_t scale_bytes = Q::KernelOrder::scale_bytes;
  for (const std::uint64_t rows : {1U, 15U, 16U, 17U, 53U}) {
    for (const std::uint64_t cols : {32U, 96U, 160U}) {
      CAPTURE(rows);
      CAPTURE(cols);
      const std::size_t size = rows * cols / 32 * Q::block_bytes;
      const std::vector<std::byte> before = random_bytes(size + margin);
      std::vector<std::byte> bytes = before;
      to_kernel_order<Q>(bytes.data(), rows, cols);
      CHECK(std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end(),
                       before.begin() + static_cast<std::ptrdiff_t>(size)));
      const KernelMatrixRef<Q> matrix{bytes.data(), rows, cols};
      REQUIRE(matrix.in_tiles());
      int wrong = 0;
      for (std::uint64_t o = 0; o < rows; ++o) {
        const TiledRow row = tiled_row(matrix, o);
        for (std::uint64_t b = 0; b < cols / 32; ++b) {
          const std::byte* block = before.data() + (o * cols / 32 + b) * Q::block_bytes;
          const std::byte* scale = bytes.data() + row.scale(b) * scale_bytes;
          wrong += std::memcmp(scale, block, scale_bytes) == 0 ? 0 : 1;
          for (std::uint64_t c = 0; c < 32; ++c) {
            constexpr std::uint64_t columns = Q::KernelOrder::unit_columns;
            const std::uint64_t column = b * 32 + c;
            const std::byte* unit = row.codes + column / columns * row.stride;
            int found = 0;
            int expected = 0;
            if constexpr (Q::code_bits == 8) {
              found = static_cast<int>(unit[c % 4]);
              expected = static_cast<int>(block[2 + c]);
            } else {
              found = static_cast<int>(unit[c % 8 / 2]) >> (c % 2 * 4) & 15;
              expected = static_cast<int>(block[scale_bytes + c % 16]) >> (c / 16 * 4) & 15;
              if (std::is_same_v<Q, Q4_0>) expected ^= 8;
            }
            wrong += found == expected ? 0 : 1;
          }
        }
      }
      CHECK(wrong == 0);
      to_standard<Q>(bytes.data(), rows, cols);
      CHECK(bytes == before);
    }
  }
}
