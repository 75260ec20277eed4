// Bodies of kv_format.hpp.
#pragma once

#include <cstdint>
#include <cstring>

#include "asterism/backend/kv_format.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

ASTERISM_INLINE void KvFormat<quant::Float32>::store(View<const float> from, std::byte* to) {
  std::memcpy(to, from.data, from.size * sizeof(float));
}

ASTERISM_INLINE void KvFormat<quant::Float16>::store(View<const float> from, std::byte* to) {
  auto* halves = reinterpret_cast<std::uint16_t*>(to);
  simd::to_float16(from.data, halves, from.size);
  for (std::size_t i = 0; i < from.size; ++i) {
    if ((halves[i] & 0x7C00U) == 0x7C00U) {
      throw NumericError(concat("the value ", from[i], " of a key or value does not fit the Float16 key/value ",
                                "cache: use quant::Float32 for it"));
    }
  }
}

}  // namespace asterism::backend
