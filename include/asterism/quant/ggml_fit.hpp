// Scales with the least squared error for a few weights: how ggml's formats are encoded whose bytes no reference fixes.
#pragma once

#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::quant::detail {

/// Ascending levels that codes stand for, before they are scaled: the integers [lowest, lowest + count), or a table of
/// a power of two.
struct CodeLevels {
  int lowest = 0;
  int count = 0;
  const std::int8_t* table = nullptr;  ///< nullptr: integers

  int level(int code) const { return table == nullptr ? lowest + code : table[code]; }
  /// The code whose level is nearest to x; the first for NaN.
  int nearest(float x) const;
};

/// The integer nearest to x among [least, most], ties to even; least for NaN, which scales beyond float32 lead to.
int nearest_within(float x, int least, int most);

/// The scale, of either sign, of up to 32 finite weights that are level * scale; 0 where all are zero.
float fit_scale(View<const float> weights, const CodeLevels& levels);

/// Up to 16 values as integers in [least, most] times a binary16, which is returned as bits: the largest magnitude
/// takes the end of the range, but where so small a binary16 is 0 or too coarse for that, an integer inside of it.
/// Infinite where a value is beyond the range.
std::uint16_t fit_unit(View<const float> values, int least, int most, std::int16_t* integers);

/// Replaces a zero among such integers by 1 or -1 unless its value is zero: codes of the least scale say more of small
/// weights than none.
void keep_from_zero(View<const float> values, std::uint16_t unit, std::int16_t* integers);

/// A scale and a minimum, neither negative.
struct ScaleAndMinimum {
  float scale = 0;
  float minimum = 0;
};

/// Those of up to 32 finite weights that are code * scale - minimum for codes from 0 to `most`.
ScaleAndMinimum fit_scale_and_minimum(View<const float> weights, int most);

}  // namespace asterism::quant::detail

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/ggml_fit_impl.hpp"
#endif
