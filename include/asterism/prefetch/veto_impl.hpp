// Bodies of veto.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/prefetch/veto.hpp"

namespace asterism::prefetch {

ASTERISM_INLINE Veto::Veto(std::int32_t top_k, double layer_seconds, double copy_seconds, VetoOptions options)
    : options_(options), top_k_(top_k) {
  if (options.window < 1 || options.window > 64 || options.silence < options.window || !(options.margin >= 0) ||
      !(options.stage_above >= 0 && options.stage_above <= 1) || !(options.piece >= 0 && options.piece <= 1)) {
    throw InvalidArgument(concat("a veto with a window of ", options.window, ", a silence of ", options.silence,
                                 ", a margin of ", options.margin, ", staging above ", options.stage_above,
                                 " and a piece of ", options.piece,
                                 ", expected 1 <= window <= 64, window <= silence, margin >= 0 and two shares"));
  }
  set_times(layer_seconds, copy_seconds);
}

ASTERISM_INLINE void Veto::set_times(double layer_seconds, double copy_seconds) {
  if (top_k_ < 1 || !(layer_seconds >= 0) || !std::isfinite(layer_seconds) || !(copy_seconds > 0)) {
    throw InvalidArgument(concat("a veto for ", top_k_, " parts a layer, a layer of ", layer_seconds,
                                 " s and a copy of ", copy_seconds,
                                 " s, expected at least 1 part, 0 s and more than 0 s"));
  }
  const double copies = layer_seconds / copy_seconds;
  in_time_ = static_cast<float>(std::min(1.0, copies));
  most_copies_ = copies >= top_k_ ? top_k_ : std::min(top_k_, static_cast<std::int32_t>(copies) + 1);
  const double left = std::max(double{options_.piece} - copies, double{options_.piece} / 2);
  in_the_way_ = static_cast<float>(left / most_copies_);
}

ASTERISM_INLINE void Veto::scored(bool used) {
  outcomes_ = outcomes_ << 1U | (used ? 1U : 0U);
  scored_ = std::min(scored_ + 1, options_.silence);
}

ASTERISM_INLINE float Veto::precision() const {
  const std::int32_t known = std::min(scored_, options_.window);
  if (known == 0) return 0;
  const std::uint64_t last = outcomes_ << static_cast<unsigned>(64 - known);
  return static_cast<float>(std::popcount(last)) / static_cast<float>(known);
}

ASTERISM_INLINE bool Veto::allows_copy(float value_of_victim) const {
  const float right = precision();
  return speaks() && right * in_time_ >= (1 - right) * (value_of_victim + in_the_way_) + options_.margin;
}

ASTERISM_INLINE bool Veto::allows_staging() const {
  return speaks() && precision() > options_.stage_above && (in_the_way_ == 0 || allows_copy(0));
}

}  // namespace asterism::prefetch
