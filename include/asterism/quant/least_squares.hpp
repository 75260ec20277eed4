// The scale of a block is the one that loses least.
#pragma once

#include <array>
#include <string>

#include "asterism/quant/abs_max.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/nf4_block.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant {

namespace detail {

/// Where the search for a scale looks, as multiples of the block's largest magnitude. With 1 among them no choice
/// is worse than AbsMax's; the last one lets the largest weight take the second value of the table (1 / 0.723).
inline constexpr std::array<float, 9> scale_candidates = {0.82F, 0.86F, 0.90F, 0.94F, 0.97F,
                                                          1.0F,  1.04F, 1.09F, 1.38F};

/// The codes of a candidate leave sum (u - s t)^2, smallest at s = sum u t / sum t^2, where it is sum u^2 - gain.
struct ScaleFit {
  float scale = 0;
  float gain = 0;
};

/// u: `Block` values in [-1, 1]. Rounds each to the table times `candidate` and fits the scale to what that gives.
template <int Block>
ScaleFit fit_scale(const float* u, float candidate) {
  // Constant trip counts and arrays on the stack, so that compilers vectorise at -O2.
  alignas(64) float t[Block];
  for (int i = 0; i < Block; ++i) t[i] = nf4_table[0];
  for (std::size_t k = 0; k < nf4_thresholds.size(); k += 3) {
    const float threshold0 = nf4_thresholds[k] * candidate;
    const float threshold1 = nf4_thresholds[k + 1] * candidate;
    const float threshold2 = nf4_thresholds[k + 2] * candidate;
    const float gap0 = nf4_table[k + 1] - nf4_table[k];
    const float gap1 = nf4_table[k + 2] - nf4_table[k + 1];
    const float gap2 = nf4_table[k + 3] - nf4_table[k + 2];
    for (int i = 0; i < Block; ++i) {
      t[i] += (threshold0 < u[i] ? gap0 : 0.0F) + (threshold1 < u[i] ? gap1 : 0.0F) +
              (threshold2 < u[i] ? gap2 : 0.0F);
    }
  }
  float product[8] = {};
  float square[8] = {};
  for (int i = 0; i < Block; i += 8) {
    for (int l = 0; l < 8; ++l) product[l] += u[i + l] * t[i + l];
    for (int l = 0; l < 8; ++l) square[l] += t[i + l] * t[i + l];
  }
  for (int l = 1; l < 8; ++l) product[0] += product[l];
  for (int l = 1; l < 8; ++l) square[0] += square[l];
  if (!(product[0] > 0)) return {};
  return {product[0] / square[0], product[0] * product[0] / square[0]};
}

/// The best scale for `Block` finite values, of either sign if `Signed`; 0 for zeros.
template <int Block, bool Signed>
float least_squares_scale(const float* values) {
  const float largest = AbsMax::scale<Block>(values);
  if (largest == 0) return 0;
  const DivideByScale divide(largest);
  alignas(64) float u[Block];
  for (int i = 0; i < Block; ++i) u[i] = divide(values[i]);
  ScaleFit best;
  for (const float candidate : scale_candidates) {
    const ScaleFit fit = fit_scale<Block>(u, candidate);
    if (fit.gain > best.gain) best = fit;
  }
  if constexpr (Signed) {
    for (int i = 0; i < Block; ++i) u[i] = -u[i];
    for (const float candidate : scale_candidates) {
      const ScaleFit fit = fit_scale<Block>(u, candidate);
      if (fit.gain > best.gain) best = {-fit.scale, fit.gain};
    }
  }
  const float scale = best.scale * largest;
  return not_finite(scale) ? largest : scale;  // only where largest is near the end of float's range
}

}  // namespace detail

/// Choice policy of Nf4: the positive scale with the least squared error. The file format and the bytes it takes
/// are AbsMax's. The codes refer to the scale as stored. Relative RMS error on Gaussian weights in blocks of 64,
/// double-quantized: 8.50 % (AbsMax 9.20 %). Encoding takes five times as long.
struct LeastSquares {
  static constexpr bool codes_follow_stored_scale = true;
  static std::string name() { return "least squares"; }

  /// The scale for `Block` finite values.
  template <int Block>
  static float scale(const float* values) {
    return detail::least_squares_scale<Block, false>(values);
  }
};

/// Choice policy of Nf4: the scale of either sign with the least squared error. NF4's table has one value more
/// above zero than below, so a negative scale fits half of all blocks better. Every decoder multiplies, so the
/// files stay readable. 8.29 % where LeastSquares has 8.50 %, at 1.7 times its time to encode.
struct SignedLeastSquares {
  static constexpr bool codes_follow_stored_scale = true;
  static std::string name() { return "signed least squares"; }

  /// The scale for `Block` finite values.
  template <int Block>
  static float scale(const float* values) {
    return detail::least_squares_scale<Block, true>(values);
  }
};

}  // namespace asterism::quant
