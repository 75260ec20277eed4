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
