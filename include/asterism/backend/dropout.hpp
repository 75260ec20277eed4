// Dropout that comes again: which elements fall out is a function of counters, not of a generator's state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"

namespace asterism::backend {

/// Each element becomes 0 with probability `rate`, in steps of 2^-16; the others are divided by the probability to
/// stay. What falls out depends on stream, row and column alone, so that a step that is computed again, or by other
/// threads, drops the same. Source of the mixing: SplitMix64, Steele, Lea, Flood, OOPSLA 2014.
struct Dropout {
  float rate = 0;            ///< in [0, 1); 0: nothing falls out
  std::uint64_t stream = 0;  ///< a seed at first

  /// The stream of a step, of a layer, an expert, a place: one after the other, each its own.
  ASTERISM_HD constexpr Dropout at(std::uint64_t number) const {
    return {rate, mix(stream + step * (number + 1))};
  }

  /// Of 2^16.
  ASTERISM_HD constexpr std::uint32_t threshold() const { return static_cast<std::uint32_t>(rate * 65536 + 0.5F); }
  /// What the elements that stay are multiplied with.
  ASTERISM_HD constexpr float scale() const { return 65536.0F / static_cast<float>(65536 - threshold()); }

  /// Sixteen bits for each of the columns 4 * quad ... 4 * quad + 3 of a row: one that is below the threshold falls
  /// out.
  ASTERISM_HD constexpr std::uint64_t draw(std::uint64_t row, std::uint64_t quad) const {
    return mix(mix(stream + step * (row + 1)) + step * (quad + 1));
  }

 private:
  static constexpr std::uint64_t step = 0x9E3779B97F4A7C15U;
  ASTERISM_HD static constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
};

}  // namespace asterism::backend
