// Tile registers in plain C++, for tests of kernels for AMX on machines without it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/simd/integer/tile_unit.hpp"

namespace asterism::test {

/// The members of simd::TileUnit, by the manual's pseudocode: what lies beyond a tile's shape is cleared by a load, and
/// a product takes its sizes from its operands, which must fit. Counts what does not.
struct TileModel {
  using Tile = std::array<std::array<std::uint8_t, 64>, 16>;
  static inline std::array<Tile, 8> tiles{};
  static inline simd::TileShapes shapes{};
  static inline bool configured = false;
  static inline int faults = 0;

  static void configure(const simd::TileShapes& to) {
    shapes = to;
    tiles = {};
    configured = true;
    for (std::size_t i = 0; i < 8; ++i)
      faults += to.palette != 1 || to.rows[i] > 16 || to.row_bytes[i] > 64 ? 1 : 0;
  }
  static void release() {
    configured = false;
    tiles = {};
  }
  template <int T>
  static void clear() {
    faults += configured ? 0 : 1;
    tiles[T] = {};
  }
  template <int T>
  static void load(const void* from, std::size_t stride) {
    clear<T>();
    for (std::size_t r = 0; r < shapes.rows[T]; ++r) {
      std::memcpy(tiles[T][r].data(), static_cast<const std::byte*>(from) + r * stride, shapes.row_bytes[T]);
    }
  }
  template <int T>
  static void store(void* to, std::size_t stride) {
    faults += configured ? 0 : 1;
    for (std::size_t r = 0; r < shapes.rows[T]; ++r) {
      std::memcpy(static_cast<std::byte*>(to) + r * stride, tiles[T][r].data(), shapes.row_bytes[T]);
    }
  }
  template <int Sum, int A, int B>
  static void add_products() {
    const std::size_t depth = shapes.row_bytes[A] / 4U;
    const bool fits = configured && shapes.rows[Sum] == shapes.rows[A] &&
                      shapes.row_bytes[Sum] == shapes.row_bytes[B] && depth == shapes.rows[B];
    if (!fits) {
      ++faults;
      return;
    }
    for (std::size_t m = 0; m < shapes.rows[Sum]; ++m) {
      for (std::size_t n = 0; n < shapes.row_bytes[Sum] / 4U; ++n) {
        std::int32_t sum = 0;
        std::memcpy(&sum, &tiles[Sum][m][4 * n], 4);
        for (std::size_t k = 0; k < depth; ++k) {
          for (std::size_t i = 0; i < 4; ++i) {
            sum += static_cast<std::int8_t>(tiles[A][m][4 * k + i]) *
                   static_cast<std::int8_t>(tiles[B][k][4 * n + i]);
          }
        }
        std::memcpy(&tiles[Sum][m][4 * n], &sum, 4);
      }
    }
  }
};

}  // namespace asterism::test
