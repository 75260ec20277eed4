// Bodies of double_quantized.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/double_quantized.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

namespace detail {

/// The smallest divisor of `store`, as in bitsandbytes.
inline constexpr float smallest_divisor = 1e-38F;

inline constexpr double widest_half_gap = [] {
  double widest = 0;
  for (std::size_t i = 0; i + 1 < dynamic_map.size(); ++i) {
    const double half = (double{dynamic_map[i + 1]} - double{dynamic_map[i]}) / 2;
    widest = half > widest ? half : widest;
  }
  return widest;
}();

}  // namespace detail

ASTERISM_INLINE void DoubleQuantized::store(View<const float> scales, const Planes& layout, std::byte* out) {
  double sum = 0;
  for (const float scale : scales) sum += double{scale};
  const float offset = scales.empty() ? 0.0F : static_cast<float>(sum / static_cast<double>(scales.size));
  std::memcpy(out + layout[3].offset, &offset, 4);

  auto* codes = reinterpret_cast<std::uint8_t*>(out + layout[1].offset);
  auto* nested_absmax = reinterpret_cast<float*>(out + layout[2].offset);
  for (std::size_t first = 0; first < scales.size; first += group) {
    const std::size_t end = scales.size - first < group ? scales.size : first + group;
    float largest = 0;
    for (std::size_t b = first; b < end; ++b) largest = std::fmax(largest, std::fabs(scales[b] - offset));
    nested_absmax[first / group] = largest;
    const float inverse = 1.0F / std::fmax(largest, detail::smallest_divisor);
    for (std::size_t b = first; b < end; ++b) codes[b] = code((scales[b] - offset) * inverse);
  }

  const Reader stored(out, layout);
  for (std::size_t b = 0; b < scales.size; ++b) {
    if (not_finite(stored(b))) {
      throw NumericError(concat("the scale of block ", b, " is ", scales[b],
                                " and overflows when it is quantized: use quant::PlainScales for this tensor"));
    }
  }
}

ASTERISM_INLINE double DoubleQuantized::Reader::error_bound(std::uint64_t block) const {
  const double nested = nested_absmax_[block / group];
  // `store` divides by no less than this, so smaller scales use only the middle of the map.
  const double unused =
      nested < double{detail::smallest_divisor} ? 1 - nested / double{detail::smallest_divisor} : 0;
  return (detail::widest_half_gap + unused) * nested + 0x1p-22 * (nested + std::fabs(double{offset_})) + 0x1p-148;
}

ASTERISM_INLINE std::uint8_t DoubleQuantized::code(float value) {
  std::size_t low = 0;
  for (std::size_t step = 128; step != 0; step /= 2) {
    if (dynamic_thresholds[low + step - 1] < value) low += step;
  }
  return static_cast<std::uint8_t>(low);
}

}  // namespace asterism::quant
