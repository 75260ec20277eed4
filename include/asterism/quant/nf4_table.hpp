// The constants of bitsandbytes' 4-bit NormalFloat format: its sixteen values, the thresholds between them,
// and the 256 values that quantize the scales a second time. Each is bitsandbytes' float32 bit for bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace asterism::quant {

/// The value of each 4-bit code, ascending from -1 to 1, relative to the scale of its block. Code 7 is zero.
/// Source: QLoRA (Dettmers et al., 2023), appendix E; bitsandbytes, `get_4bit_type("nf4")`.
inline constexpr std::array<float, 16> nf4_table = {-1.0F,
                                                    -0.6961928009986877F,
                                                    -0.5250730514526367F,
                                                    -0.39491748809814453F,
                                                    -0.28444138169288635F,
                                                    -0.18477343022823334F,
                                                    -0.09105003625154495F,
                                                    0.0F,
                                                    0.07958029955625534F,
                                                    0.16093020141124725F,
                                                    0.24611230194568634F,
                                                    0.33791524171829224F,
                                                    0.44070982933044434F,
                                                    0.5626170039176941F,
                                                    0.7229568362236023F,
                                                    1.0F};

/// Integer approximation of `nf4_table`, used only by integer products: code i is about (nf4_integers[i] +
/// nf4_integer_shift) * nf4_integer_unit. Its error is at most 0.0024 of a block's scale, 0.330 % of normally
/// distributed weights (root mean square). Without the shift the error would be 0.466 %, and with 127 steps to 1
/// instead of these 124 it would be 0.567 %. A second table for the remainders would bring it below 0.01 % and
/// make products half as fast.
inline constexpr std::array<std::int8_t, 16> nf4_integers = {-124, -86, -65, -49, -35, -23, -11, 0,
                                                             10,   20,  31,  42,  55,  70,  90,  124};
inline constexpr float nf4_integer_unit = 0.0080571086F;
inline constexpr float nf4_integer_shift = -0.16017F;

/// The boundaries between codes i and i + 1: the code of a value is the number of thresholds strictly below it.
/// They are the midpoints of neighbours, rounded once to float32.
inline constexpr std::array<float, 15> nf4_thresholds = [] {
  std::array<float, 15> midpoints{};
  for (std::size_t i = 0; i < midpoints.size(); ++i) {
    midpoints[i] = static_cast<float>((double{nf4_table[i]} + double{nf4_table[i + 1]}) / 2);
  }
  return midpoints;
}();

/// The largest distance between neighbours in `nf4_table`: between codes 0 and 1.
inline constexpr double nf4_widest_gap = double{nf4_table[1]} - double{nf4_table[0]};

/// The signed dynamic map, ascending from -0.99296874 to 1: the values of the 8-bit codes of nested scales.
/// Seven decades of a logarithmic scale; decade i, counted from 0, divides [0.1, 1] linearly in 2^i cells and
/// takes their middles times 10^(i - 6), with both signs; 0 and 1 complete it.
/// The arithmetic follows torch.linspace on processors that fuse multiply and add: rounded to float32 once.
/// Source: 8-bit Approximations for Parallelism in Deep Learning (Dettmers, 2015); bitsandbytes,
/// `create_dynamic_map`.
inline constexpr std::array<float, 256> dynamic_map = [] {
  constexpr std::array<float, 7> decades = {1e-6F, 1e-5F, 1e-4F, 1e-3F, 1e-2F, 1e-1F, 1.0F};
  std::array<float, 256> map{};
  std::size_t at = 127;
  map[at++] = 0;
  for (std::size_t i = 0; i < decades.size(); ++i) {
    const std::size_t cells = std::size_t{1} << i;
    const float step = (1.0F - 0.1F) / static_cast<float>(cells);
    const auto boundary = [&](std::size_t k) {
      const double from_below = double{0.1F} + double{step} * static_cast<double>(k);
      const double from_above = 1.0 - double{step} * static_cast<double>(cells - k);
      return static_cast<float>(k < (cells + 1) / 2 ? from_below : from_above);
    };
    for (std::size_t k = 0; k < cells; ++k) {
      const float middle = static_cast<float>((double{boundary(k)} + double{boundary(k + 1)}) / 2);
      const float value = static_cast<float>(double{decades[i]} * double{middle});
      map[at] = value;
      map[254 - at] = -value;
      ++at;
    }
  }
  map[255] = 1;
  return map;
}();

/// The boundaries between nested codes i and i + 1; used like `nf4_thresholds`.
inline constexpr std::array<float, 255> dynamic_thresholds = [] {
  std::array<float, 255> midpoints{};
  for (std::size_t i = 0; i < midpoints.size(); ++i) {
    midpoints[i] = static_cast<float>((double{dynamic_map[i]} + double{dynamic_map[i + 1]}) / 2);
  }
  return midpoints;
}();

}  // namespace asterism::quant
