// The 8-bit codes of optimizer states: bitsandbytes' dynamic maps, and the code nearest to a value.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "asterism/quant/nf4_table.hpp"

namespace asterism::train::detail {

/// The unsigned dynamic map, ascending from 0 to 1: decade i of seven, counted from 0, divides [0.1, 1] linearly in
/// 2^(i + 1) cells and takes their middles times 10^(i - 6); 0 and 1 complete it. The arithmetic is that of
/// quant::dynamic_map, the signed one. Source: bitsandbytes, `create_dynamic_map(signed=False)`.
inline constexpr std::array<float, 256> unsigned_dynamic_map = [] {
  constexpr std::array<float, 7> decades = {1e-6F, 1e-5F, 1e-4F, 1e-3F, 1e-2F, 1e-1F, 1.0F};
  std::array<float, 256> map{};
  std::size_t at = 1;
  for (std::size_t i = 0; i < decades.size(); ++i) {
    const std::size_t cells = std::size_t{2} << i;
    const float step = (1.0F - 0.1F) / static_cast<float>(cells);
    const auto boundary = [&](std::size_t k) {
      const double from_below = double{0.1F} + double{step} * static_cast<double>(k);
      const double from_above = 1.0 - double{step} * static_cast<double>(cells - k);
      return static_cast<float>(k < (cells + 1) / 2 ? from_below : from_above);
    };
    for (std::size_t k = 0; k < cells; ++k) {
      const float middle = static_cast<float>((double{boundary(k)} + double{boundary(k + 1)}) / 2);
      map[at++] = static_cast<float>(double{decades[i]} * double{middle});
    }
  }
  map[255] = 1;
  return map;
}();

/// A map of 256 ascending values in [-1, 1] with the search for the nearest one. The floats of one sign are cut into
/// buckets by exponent and seven bits of the mantissa; no bucket holds two midpoints of neighbours, so that one look-up
/// and one comparison find the code. Those below 2^-24 share a bucket.
struct DynamicCodes {
  std::array<float, 256> values;
  std::array<float, 256> bounds;  ///< midpoints, rounded once to float32; the last is infinite

  explicit DynamicCodes(const std::array<float, 256>& map) : values(map), bounds() {
    for (std::size_t i = 0; i < 255; ++i) {
      bounds[i] = static_cast<float>((double{map[i]} + double{map[i + 1]}) / 2);
    }
    bounds[255] = std::numeric_limits<float>::infinity();
    for (std::int32_t i = 0; i < buckets; ++i) {
      const auto slot = static_cast<std::size_t>(i);
      first_[slot] = below(i == 0 ? 0.0F : begin_of(i));
      first_[std::size_t{buckets} + slot] = below(-std::nextafter(begin_of(i + 1), 0.0F));
    }
  }

  /// The code of the value nearest to x in [-1, 1], of two as near ones the lower: the number of bounds below x.
  std::uint8_t nearest(float x) const { return nearest_in(bucket(x), x); }

  /// The bucket of x, and the code of an x of which it is known.
  static std::uint32_t bucket(float x) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    std::int32_t above = ((bits & 0x7FFFFFFF) >> shift) - (smallest >> shift);
    above = above < 0 ? 0 : above;
    above = above > buckets - 1 ? buckets - 1 : above;
    return static_cast<std::uint32_t>(above + ((bits >> 31) & buckets));  // those of negative numbers come second
  }
  std::uint8_t nearest_in(std::uint32_t bucket, float x) const {
    const std::uint32_t code = first_[bucket];
    return static_cast<std::uint8_t>(code + (bounds[code] < x ? 1U : 0U));
  }

 private:
  static constexpr std::int32_t shift = 16;
  static constexpr std::int32_t smallest = (127 - 24) << 23;          // 2^-24
  static constexpr std::int32_t buckets = ((24 << 23) >> shift) + 1;  // of one sign, up to 1

  static float begin_of(std::int32_t bucket) { return std::bit_cast<float>(smallest + (bucket << shift)); }
  std::uint8_t below(float x) const {
    std::uint8_t count = 0;
    while (bounds[count] < x) ++count;
    return count;
  }

  std::array<std::uint8_t, std::size_t{2} * buckets> first_{};
};

/// Built at the first call, without allocation; thread-safe.
inline const DynamicCodes& signed_codes() {
  static const DynamicCodes codes(quant::dynamic_map);
  return codes;
}
inline const DynamicCodes& unsigned_codes() {
  static const DynamicCodes codes(unsigned_dynamic_map);
  return codes;
}

}  // namespace asterism::train::detail
