// Bodies of rope_factors.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/rope_factors.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint {

namespace detail {

/// Positions in which pair `i` of a head's elements turns once.
ASTERISM_INLINE double wavelength(double theta, std::int64_t i, std::int64_t head_dim) {
  return 2 * std::numbers::pi * std::pow(theta, 2 * static_cast<double>(i) / static_cast<double>(head_dim));
}

/// The factor that Llama 3's scaling gives a wavelength.
ASTERISM_INLINE double llama3_factor(const linalg::RopeScaling& scaling, double wavelength) {
  const double positions = scaling.original_positions;
  if (wavelength < positions / scaling.high_freq_factor) return 1;
  if (wavelength > positions / scaling.low_freq_factor) return scaling.factor;
  const double smooth =
      (positions / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return 1 / ((1 - smooth) / scaling.factor + smooth);
}

}  // namespace detail

ASTERISM_INLINE std::vector<float> llama3_factors(const linalg::RopeScaling& scaling, double theta,
                                                  std::int64_t head_dim) {
  std::vector<float> out;
  for (std::int64_t i = 0; i < head_dim / 2; ++i) {
    out.push_back(static_cast<float>(detail::llama3_factor(scaling, detail::wavelength(theta, i, head_dim))));
  }
  return out;
}

ASTERISM_INLINE std::optional<linalg::RopeScaling> llama3_scaling(const GgufStore& store,
                                                                  const TensorInfo& factors, double theta,
                                                                  std::int64_t head_dim) {
  const std::string where = store.describe(factors);
  if (factors.elements != static_cast<std::uint64_t>(head_dim) / 2) {
    throw FormatError(concat(where, " has ", factors.elements, " factors, expected one for each of the ",
                             head_dim / 2, " pairs of a head"));
  }
  std::vector<float> given(static_cast<std::size_t>(factors.elements));
  store.read_floats(factors, 0, given);
  const auto wavelength_of = [&](std::size_t i) {
    return detail::wavelength(theta, static_cast<std::int64_t>(i), head_dim);
  };
  linalg::RopeScaling scaling;
  scaling.factor = given.empty() ? 1 : std::round(double{*std::max_element(given.begin(), given.end())});
  if (std::all_of(given.begin(), given.end(), [](float f) { return f == 1; })) return std::nullopt;
  constexpr double near = 1e-4;
  // Positions follow from any factor between the two ends.
  for (std::size_t i = 0; i < given.size() && scaling.original_positions == 0; ++i) {
    const double inverse = 1 / double{given[i]};
    if (inverse > 1 - near || inverse < 1 / scaling.factor + near) continue;
    const double smooth = (inverse - 1 / scaling.factor) / (1 - 1 / scaling.factor);
    const double range = scaling.high_freq_factor - scaling.low_freq_factor;
    const double positions = std::round((smooth * range + scaling.low_freq_factor) * wavelength_of(i));
    if (positions >= 1 && positions < 0x1p30) scaling.original_positions = static_cast<std::int32_t>(positions);
  }
  bool same = scaling.original_positions > 0 && scaling.factor > 1;
  for (std::size_t i = 0; same && i < given.size(); ++i) {
    const double expected = detail::llama3_factor(scaling, wavelength_of(i));
    same = std::abs(double{given[i]} - expected) <= near * expected;
  }
  if (same) return scaling;
  throw Unsupported(concat(where,
                           " holds factors that are not those of Llama 3's scaling with low_freq_factor 1 and ",
                           "high_freq_factor 4; supported are these, and models without the tensor"));
}

}  // namespace asterism::checkpoint
