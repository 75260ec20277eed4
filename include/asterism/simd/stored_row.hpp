// Storage of the key or value of one head at one position, as kernels read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "asterism/quant/half_precision.hpp"

namespace asterism::simd {

/// A storage format of rows of n values:
/// - `bytes(n)`: size of a row.
/// - `values(row, n, first, count, out)`: the values [first, first + count) of the row, as float32, exactly. Rows
///   may be at any address.
/// - `one_scale(width)`: true if `width` values from a multiple of `width` on have one scale, or none.
/// - `streamed`: true if rows come from memory, so that kernels ask for what comes next while they work.
///
/// Models: Float32Row, Float16Row, Int8Row, WidenedRow.
struct Float32Row {
  static constexpr bool streamed = true;
  static constexpr std::size_t bytes(std::size_t n) { return n * sizeof(float); }
  static constexpr bool one_scale(std::size_t /*width*/) { return true; }
  static void values(const std::byte* row, std::size_t /*n*/, std::size_t first, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) std::memcpy(out + i, row + (first + i) * sizeof(float), sizeof(float));
  }
};

/// float32 written just before, hence in a cache.
struct WidenedRow : Float32Row {
  static constexpr bool streamed = false;
};

struct Float16Row {
  static constexpr bool streamed = true;
  static constexpr std::size_t bytes(std::size_t n) { return n * sizeof(std::uint16_t); }
  static constexpr bool one_scale(std::size_t /*width*/) { return true; }
  static void values(const std::byte* row, std::size_t /*n*/, std::size_t first, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, row + (first + i) * sizeof bits, sizeof bits);
      out[i] = quant::float_from_float16(bits);
    }
  }
};

/// n codes, then a binary16 scale for each group of `Group` values, the last of which may be short: value = code *
/// scale, which float32 holds exactly.
template <int Group>
struct Int8Row {
  static constexpr bool streamed = true;
  static constexpr std::size_t group = Group;

  static constexpr std::size_t groups(std::size_t n) { return (n + group - 1) / group; }
  static constexpr std::size_t bytes(std::size_t n) { return n + groups(n) * sizeof(std::uint16_t); }

  static constexpr bool one_scale(std::size_t width) { return group % width == 0; }

  /// The bits of the scale of value i.
  static std::uint16_t scale_bits(const std::byte* row, std::size_t n, std::size_t i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, row + n + i / group * sizeof bits, sizeof bits);
    return bits;
  }
  static void values(const std::byte* row, std::size_t n, std::size_t first, std::size_t count, float* out) {
    const auto* codes = reinterpret_cast<const std::int8_t*>(row);
    for (std::size_t i = first; i < first + count;) {
      const float scale = quant::float_from_float16(scale_bits(row, n, i));
      const std::size_t of_group = i / group * group + group;
      const std::size_t end = of_group < first + count ? of_group : first + count;
      for (; i < end; ++i) out[i - first] = static_cast<float>(codes[i]) * scale;
    }
  }
};

/// `count` consecutive rows of `width` values.
template <class Row>
struct StoredRows {
  const std::byte* data = nullptr;
  std::size_t count = 0;
  std::size_t width = 0;
  std::ptrdiff_t ahead = 0;  ///< bytes from a row to the one that is read as much later; 0 if nobody knows

  const std::byte* operator[](std::size_t i) const { return data + i * Row::bytes(width); }
  /// Prefetches what lies `ahead` of the bytes [at, at + Bytes) of these rows. Callers go through them in order, the
  /// pattern that hardware prefetching follows, also where they read several rows side by side.
  template <std::size_t Bytes>
  [[gnu::always_inline]] void fetch(std::size_t at) const {
    // Addresses, not pointers: they may lie beyond the memory that the rows are in, where nothing is fetched.
    [[maybe_unused]] const auto from =
        reinterpret_cast<std::uintptr_t>(data) + at + static_cast<std::uintptr_t>(ahead);
    if constexpr (Row::streamed) fetch_lines(from, std::make_index_sequence<(Bytes + 63) / 64>());
  }
  /// Rows [first, first + n).
  StoredRows subview(std::size_t first, std::size_t n) const { return {(*this)[first], n, width, ahead}; }

 private:
  // Neither a loop nor a call: g++ leaves out both if nothing is in them but prefetching.
  template <std::size_t... I>
  [[gnu::always_inline]] static void fetch_lines(std::uintptr_t from, std::index_sequence<I...> /*lines*/) {
    (__builtin_prefetch(reinterpret_cast<const void*>(from + I * 64)), ...);  // NOLINT(performance-no-int-to-ptr)
  }
};

}  // namespace asterism::simd
