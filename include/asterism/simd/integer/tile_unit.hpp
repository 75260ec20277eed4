// The processor's unit for products of tiles: AMX.
#pragma once

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

namespace asterism::simd {

/// Shapes of the eight tile registers as `ldtilecfg` reads them. Source: Intel 64 and IA-32 Architectures Software
/// Developer's Manual, volume 1, chapter 18.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14]{};
  std::uint16_t row_bytes[16]{};
  std::uint8_t rows[16]{};
};
static_assert(sizeof(TileShapes) == 64);

/// Tile registers 0 to 7 of the thread: for processors that support Level::amx. By mnemonics, so that callers need no
/// target, and so that shapes are read from memory as a whole: compilers drop stores before their own intrinsic.
struct TileUnit {
  /// Gives the registers their shapes and clears them. `shapes` are constant memory.
  static void configure(const TileShapes& shapes) { __asm__ volatile("ldtilecfg %0" : : "m"(shapes)); }
  /// Clears all, so that the system need not save them.
  static void release() { __asm__ volatile("tilerelease"); }

  template <int Tile>
  static void clear() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(Tile));
  }
  /// Rows `stride` bytes apart.
  template <int Tile>
  static void load(const void* from, std::size_t stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(Tile) : "memory");
  }
  template <int Tile>
  static void store(void* to, std::size_t stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(Tile) : "memory");
  }
  /// Sum(m, n) += the sum over k and i < 4 of A(m, 4k + i) * B(k, 4n + i), all bytes signed, sums of 32 bits.
  template <int Sum, int A, int B>
  static void add_products() {
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(Sum), "i"(A), "i"(B));
  }
};

}  // namespace asterism::simd

#endif
