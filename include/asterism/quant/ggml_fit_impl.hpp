// Bodies of ggml_fit.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "asterism/core/bits.hpp"
#include "asterism/quant/divide_by_scale.hpp"
#include "asterism/quant/ggml_fit.hpp"
#include "asterism/quant/half_precision.hpp"

namespace asterism::quant::detail {

inline constexpr std::size_t most_fitted = 32;

ASTERISM_INLINE int nearest_within(float x, int least, int most) {
  if (!(x > static_cast<float>(least))) return least;
  return nearest_even(std::fmin(x, static_cast<float>(most)));
}

ASTERISM_INLINE int CodeLevels::nearest(float x) const {
  if (table == nullptr) return nearest_within(x, lowest, lowest + count - 1) - lowest;
  int code = 0;
  for (int step = count / 2; step > 0; step /= 2) {
    const int above = code + step;
    code = x * 2 > static_cast<float>(table[above - 1] + table[above]) ? above : code;
  }
  return code;
}

ASTERISM_INLINE float fit_scale(View<const float> weights, const CodeLevels& levels) {
  const float* end = weights.data + weights.size;
  const float largest =
      *std::max_element(weights.data, end, [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  if (largest == 0) return 0;
  const DivideByScale divide(largest);
  float shares[most_fitted];
  for (std::size_t i = 0; i < weights.size; ++i) shares[i] = divide(weights[i]);
  // The largest weight may get either end of the levels, or lie somewhat inside or outside of it. With codes q the
  // squared error is smallest at the scale sum(u q) / sum(q^2), where it is sum(u^2) less the gain.
  constexpr float inside[] = {0.70F, 0.76F, 0.82F, 0.87F, 0.91F, 0.95F, 0.98F, 1.0F, 1.02F, 1.05F, 1.1F};
  double best_gain = 0;
  double best = 0;
  for (const int end_level : {levels.level(0), levels.level(levels.count - 1)}) {
    for (const float part : inside) {
      const float inverse = static_cast<float>(end_level) / part;
      double product = 0;
      double square = 0;
      for (std::size_t i = 0; i < weights.size; ++i) {
        const double level = levels.level(levels.nearest(shares[i] * inverse));
        product += shares[i] * level;
        square += level * level;
      }
      if (square == 0 || product * product <= best_gain * square) continue;
      best_gain = product * product / square;
      best = product / square;
    }
  }
  return static_cast<float>(best * largest);
}

ASTERISM_INLINE std::uint16_t fit_unit(View<const float> values, int least, int most, std::int16_t* integers) {
  const float largest = *std::max_element(values.begin(), values.end(),
                                          [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  const auto end = static_cast<float>(least < 0 ? least : most);
  std::uint16_t unit = float16_from_float(largest / end);
  const float widest = std::fabs(float_from_float16(unit)) * (std::fabs(end) + 0.5F);
  if (std::fabs(largest) > widest)
    ++unit;  // was rounded down far, as subnormal numbers may be: the next larger one
  const bool finite = (unit & 0x7C00U) != 0x7C00U;
  const DivideByScale divide(finite ? float_from_float16(unit) : 0);
  for (std::size_t i = 0; i < values.size; ++i) {
    integers[i] = static_cast<std::int16_t>(nearest_within(divide(values[i]), least, most));
  }
  return unit;
}

ASTERISM_INLINE void keep_from_zero(View<const float> values, std::uint16_t unit, std::int16_t* integers) {
  const bool negative_unit = (unit & 0x8000U) != 0;
  for (std::size_t i = 0; i < values.size; ++i) {
    if (values[i] == 0 || integers[i] != 0) continue;
    integers[i] = static_cast<std::int16_t>((values[i] < 0) == negative_unit ? 1 : -1);
  }
}

ASTERISM_INLINE ScaleAndMinimum fit_scale_and_minimum(View<const float> weights, int most) {
  const float* end = weights.data + weights.size;
  const auto [least, largest] = std::minmax_element(weights.data, end);
  const double minimum = std::fmax(0.0, -double{*least});
  const double range = *largest + minimum;
  if (range <= 0) return {0, static_cast<float>(minimum)};
  ScaleAndMinimum best{static_cast<float>(range / most), static_cast<float>(minimum)};
  double best_error = -1;
  const auto n = static_cast<double>(weights.size);
  constexpr double beyond[] = {-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1, 1.5, 2};
  for (const double more : beyond) {
    double scale = range / (most + more);
    double offset = minimum;
    // Codes of a scale and a minimum, then the best of both for those codes; twice.
    for (int round = 0; round < 2; ++round) {
      double codes[most_fitted];
      double sum = 0;
      double squares = 0;
      double products = 0;
      double weight_sum = 0;
      for (std::size_t i = 0; i < weights.size; ++i) {
        codes[i] = std::clamp(std::nearbyint((weights[i] + offset) / scale), 0.0, static_cast<double>(most));
        sum += codes[i];
        squares += codes[i] * codes[i];
        products += codes[i] * weights[i];
        weight_sum += weights[i];
      }
      const double spread = n * squares - sum * sum;
      if (spread <= 0) break;
      scale = (n * products - sum * weight_sum) / spread;
      offset = (scale * sum - weight_sum) / n;
      if (offset < 0) {
        offset = 0;
        scale = products / squares;
      }
      if (!(scale > 0)) break;
      double error = 0;
      for (std::size_t i = 0; i < weights.size; ++i) {
        const double off = codes[i] * scale - offset - weights[i];
        error += off * off;
      }
      if (best_error >= 0 && error >= best_error) continue;
      best_error = error;
      best = {static_cast<float>(scale), static_cast<float>(offset)};
    }
  }
  return best;
}

}  // namespace asterism::quant::detail
