// Decodes a few elements of a packed matrix at a time, on host and device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/cuda/quant/half.hpp"
#include "asterism/cuda/quant/stored_matrix.hpp"
#include "asterism/quant/rounding.hpp"

namespace asterism::cuda {

/// Pointers to a kernel's tables of quant/nf4_table.hpp.
struct Nf4Tables {
  const float* values = nullptr;  ///< nf4_table (16)
  const float* scales = nullptr;  ///< dynamic_map (256)
};

/// a * b + c, rounded after each operation, as DoubleQuantized requires for equal bits.
ASTERISM_HD inline float multiply_then_add(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return __fadd_rn(__fmul_rn(a, b), c);
#else
  return quant::rounded_to_float32(a * b) + c;
#endif
}

template <class T>
ASTERISM_HD const T* plane(const StoredMatrix& matrix, std::uint64_t offset) {
  return reinterpret_cast<const T*>(matrix.data + offset);
}

/// The scale of the block that contains `element` of the flat matrix.
template <Storage storage>
ASTERISM_HD float scale_of(const StoredMatrix& matrix, const Nf4Tables& tables, std::uint64_t element) {
  static_assert(storage == Storage::nf4 || storage == Storage::nf4_double_quantized);
  const std::uint64_t block = element >> matrix.block_bits;
  if constexpr (storage == Storage::nf4) {
    return plane<float>(matrix, matrix.scales)[block];
  } else {
    return multiply_then_add(tables.scales[plane<std::uint8_t>(matrix, matrix.scales)[block]],
                             plane<float>(matrix, matrix.nested_scales)[block / 256],
                             *plane<float>(matrix, matrix.offset));
  }
}

/// One element of the flat matrix; the bits of Format::decode.
template <Storage storage>
ASTERISM_HD float decoded(const StoredMatrix& matrix, const Nf4Tables& tables, std::uint64_t element) {
  if constexpr (storage == Storage::float32) {
    return plane<float>(matrix, 0)[element];
  } else if constexpr (storage == Storage::bfloat16) {
    return float_from_bfloat16(plane<std::uint16_t>(matrix, 0)[element]);
  } else if constexpr (storage == Storage::float16) {
    return float_from_float16(plane<std::uint16_t>(matrix, 0)[element]);
  } else {
    const unsigned byte = plane<std::uint8_t>(matrix, 0)[element / 2];
    const unsigned code = element % 2 == 0 ? byte >> 4U : byte & 15U;
    return tables.values[code] * scale_of<storage>(matrix, tables, element);
  }
}

/// Number of elements that `decode_piece` decodes together.
inline constexpr int piece = 8;

/// `count` elements, at most `piece`, from `first` on, followed by zeros.
template <Storage storage>
ASTERISM_HD void decode_piece(const StoredMatrix& matrix, const Nf4Tables& tables, std::uint64_t first, int count,
                              float* out) {
  if constexpr (storage == Storage::nf4 || storage == Storage::nf4_double_quantized) {
    if (count == piece && first % piece == 0) {  // one word of codes, in one block
      const std::uint32_t codes = *reinterpret_cast<const std::uint32_t*>(matrix.data + first / 2);
      const float scale = scale_of<storage>(matrix, tables, first);
      for (int i = 0; i < piece; ++i) {
        const unsigned bit = static_cast<unsigned>(i / 2) * 8U + (i % 2 == 0 ? 4U : 0U);
        out[i] = tables.values[codes >> bit & 15U] * scale;
      }
      return;
    }
  }
  for (int i = 0; i < piece; ++i) {
    out[i] = i < count ? decoded<storage>(matrix, tables, first + static_cast<std::uint64_t>(i)) : 0.0F;
  }
}

}  // namespace asterism::cuda
