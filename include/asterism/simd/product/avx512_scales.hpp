// The scales of a tile's sixteen rows in one AVX-512 register, block after block.
#pragma once

#if defined(__x86_64__)

#include <cstdint>

#include <immintrin.h>

#include "asterism/quant/double_quantized.hpp"
#include "asterism/quant/ggml_tables.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/quant/plain_scales.hpp"
#include "asterism/simd/product/tile_scales.hpp"
#include "asterism/simd/target.hpp"

#if !defined(__clang__)  // g++ 12 warns about the undefined registers of its own intrinsics
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace asterism::simd {

/// `next()`: the scales of the next block, exactly those of Q::scales.
template <class Reader>
class Avx512Scales;

template <>
class Avx512Scales<quant::PlainScales::Reader> {
 public:
  Avx512Scales() = default;
  Avx512Scales(const quant::PlainScales::Reader& scales, TileScales tile) : at_(scales.data() + tile.place) {}

  ASTERISM_AVX512_BYTES __m512 next() {
    const __m512 out = _mm512_loadu_ps(at_);
    at_ += quant::tile_rows;
    return out;
  }

 private:
  const float* at_ = nullptr;
};

template <>
class Avx512Scales<quant::Float16Scales> {
 public:
  Avx512Scales() = default;
  Avx512Scales(const quant::Float16Scales& scales, TileScales tile) : at_(scales.data() + tile.place) {}

  ASTERISM_AVX512_BYTES __m512 next() {
    const __m512 out = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at_)));
    at_ += quant::tile_rows;
    return out;
  }

 private:
  const std::uint16_t* at_ = nullptr;
};

template <>
class Avx512Scales<quant::HalvedE8m0Scales> {
 public:
  Avx512Scales() = default;
  Avx512Scales(const quant::HalvedE8m0Scales& scales, TileScales tile) : at_(scales.data() + tile.place) {}

  ASTERISM_AVX512_BYTES __m512 next() {
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i bits = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at_)));
    at_ += quant::tile_rows;
    const __m512i normal = _mm512_slli_epi32(_mm512_sub_epi32(bits, one), 23);
    const __m512i subnormal = _mm512_sllv_epi32(_mm512_set1_epi32(0x00200000), bits);
    return _mm512_castsi512_ps(_mm512_mask_blend_epi32(_mm512_cmpgt_epi32_mask(bits, one), subnormal, normal));
  }

 private:
  const std::uint8_t* at_ = nullptr;
};

/// The 129 magnitudes of the dynamic map are looked up in registers: a gather would keep the processor from
/// prefetching the next codes.
template <>
class Avx512Scales<quant::DoubleQuantized::Reader> {
 public:
  Avx512Scales() = default;
  Avx512Scales(const quant::DoubleQuantized::Reader& scales, TileScales tile)
      : codes_(scales.data() + tile.place),
        nested_absmax_(scales.nested_absmax()),
        offset_(scales.offset()),
        block_(tile.first_block),
        row_blocks_(tile.row_blocks),
        change_(tile.first_block) {}

  ASTERISM_AVX512_BYTES __m512 next() {
    if (block_ == change_) load_nested();
    ++block_;
    const __m512i code = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes_)));
    codes_ += quant::tile_rows;
    const __m512i index = _mm512_sub_epi32(code, _mm512_set1_epi32(127));  // the map is odd around 127
    const __m512i magnitude = _mm512_abs_epi32(index);
    const __m512 lower = _mm512_mask_blend_ps(_mm512_test_epi32_mask(magnitude, _mm512_set1_epi32(32)),
                                              look_up(magnitude, 0), look_up(magnitude, 32));
    const __m512 upper = _mm512_mask_blend_ps(_mm512_test_epi32_mask(magnitude, _mm512_set1_epi32(32)),
                                              look_up(magnitude, 64), look_up(magnitude, 96));
    __m512 value = _mm512_mask_blend_ps(_mm512_test_epi32_mask(magnitude, _mm512_set1_epi32(64)), lower, upper);
    value = _mm512_mask_blend_ps(_mm512_test_epi32_mask(magnitude, _mm512_set1_epi32(128)), value,
                                 _mm512_set1_ps(quant::dynamic_map[255]));
    value = _mm512_mask_sub_ps(value, _mm512_movepi32_mask(index), _mm512_setzero_ps(), value);
    // Uses an explicit rounding mode, because compilers fuse a plain product with the sum.
    value = _mm512_mul_round_ps(value, nested_, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    return _mm512_add_ps(value, _mm512_set1_ps(offset_));
  }

 private:
  static constexpr std::uint64_t group = quant::DoubleQuantized::group;

  /// The values at magnitudes first ... first + 31, selected by five bits.
  ASTERISM_AVX512_BYTES static __m512 look_up(__m512i magnitude, int first) {
    const float* map = &quant::dynamic_map[127] + first;
    return _mm512_permutex2var_ps(_mm512_loadu_ps(map), magnitude, _mm512_loadu_ps(map + 16));
  }

  /// Loads the nested scales of the sixteen rows, valid until the first of them changes.
  ASTERISM_AVX512_BYTES void load_nested() {
    alignas(64) float values[quant::tile_rows];
    std::uint64_t until_change = group;
    for (std::uint64_t i = 0; i < quant::tile_rows; ++i) {
      const std::uint64_t block = block_ + i * row_blocks_;
      values[i] = nested_absmax_[block / group];
      const std::uint64_t left = group - block % group;
      until_change = left < until_change ? left : until_change;
    }
    nested_ = _mm512_load_ps(values);
    change_ = block_ + until_change;
  }

  const std::uint8_t* codes_ = nullptr;
  const float* nested_absmax_ = nullptr;
  float offset_ = 0;
  std::uint64_t block_ = 0;
  std::uint64_t row_blocks_ = 0;
  std::uint64_t change_ = 0;
  __m512 nested_{};
};

}  // namespace asterism::simd

#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif
