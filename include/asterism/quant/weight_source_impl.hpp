// Bodies of weight_source.hpp.
#pragma once

#include <bit>
#include <cstddef>
#include <vector>

#include "asterism/core/bits.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/weight_source.hpp"

namespace asterism::quant::detail {

ASTERISM_INLINE void hand_pieces(WeightSource source, std::uint64_t count,
                                 void (*use)(void* user, std::uint64_t first, View<const float> piece),
                                 void* user) {
  std::vector<float> buffer(static_cast<std::size_t>(count < piece_elements ? count : piece_elements));
  for (std::uint64_t first = 0; first < count; first += piece_elements) {
    const std::uint64_t left = count - first;
    const View<float> piece(buffer.data(),
                            static_cast<std::size_t>(left < piece_elements ? left : piece_elements));
    source(first, piece);
    std::int32_t largest = 0;
    for (const float value : piece) {
      const std::int32_t magnitude = magnitude_bits(value);
      largest = magnitude > largest ? magnitude : largest;
    }
    if (largest >= infinity_bits) {
      std::size_t i = 0;
      while (!not_finite(piece[i])) ++i;
      const bool infinite = (std::bit_cast<std::uint32_t>(piece[i]) & 0x007FFFFFU) == 0;
      throw NumericError(concat("element ", first + i, " of ", count, " is ", infinite ? "infinite" : "NaN",
                                ": only finite weights can be stored; repair the tensor first"));
    }
    use(user, first, View<const float>(piece));
  }
}

}  // namespace asterism::quant::detail
