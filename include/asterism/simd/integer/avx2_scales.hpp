// The scales of eight or sixteen rows of a tile in AVX2 registers, block after block.
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

namespace asterism::simd {

/// `next(out)`: the scales of the next block of 8 * Parts rows, exactly those of Q::scales.
template <class Reader, int Parts>
class Avx2Scales;

template <int Parts>
class Avx2Scales<quant::PlainScales::Reader, Parts> {
 public:
  Avx2Scales(const quant::PlainScales::Reader& scales, TileScales tile) : at_(scales.data() + tile.place) {}

  ASTERISM_AVX2 void next(__m256 (&out)[Parts]) {
    for (int p = 0; p < Parts; ++p) out[p] = _mm256_loadu_ps(at_ + 8 * p);
    at_ += quant::tile_rows;
  }

 private:
  const float* at_;
};

template <int Parts>
class Avx2Scales<quant::Float16Scales, Parts> {
 public:
  Avx2Scales(const quant::Float16Scales& scales, TileScales tile) : at_(scales.data() + tile.place) {}

  ASTERISM_AVX2 void next(__m256 (&out)[Parts]) {
    for (int p = 0; p < Parts; ++p)
      out[p] = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at_ + 8 * p)));
    at_ += quant::tile_rows;
  }

 private:
  const std::uint16_t* at_;
};

template <int Parts>
class Avx2Scales<quant::HalvedE8m0Scales, Parts> {
 public:
  Avx2Scales(const quant::HalvedE8m0Scales& scales, TileScales tile) : at_(scales.data() + tile.place) {}

  ASTERISM_AVX2 void next(__m256 (&out)[Parts]) {
    const __m256i one = _mm256_set1_epi32(1);
    for (int p = 0; p < Parts; ++p) {
      const __m256i bits = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at_ + 8 * p)));
      const __m256i normal = _mm256_slli_epi32(_mm256_sub_epi32(bits, one), 23);
      const __m256i subnormal = _mm256_sllv_epi32(_mm256_set1_epi32(0x00200000), bits);
      const __m256i is_normal = _mm256_cmpgt_epi32(bits, one);
      out[p] = _mm256_castsi256_ps(_mm256_blendv_epi8(subnormal, normal, is_normal));
    }
    at_ += quant::tile_rows;
  }

 private:
  const std::uint8_t* at_;
};

/// The values of the dynamic map are loaded one by one: a gather is slower on AMD's processors.
template <int Parts>
class Avx2Scales<quant::DoubleQuantized::Reader, Parts> {
 public:
  Avx2Scales(const quant::DoubleQuantized::Reader& scales, TileScales tile)
      : codes_(scales.data() + tile.place),
        nested_absmax_(scales.nested_absmax()),
        offset_(scales.offset()),
        block_(tile.first_block),
        row_blocks_(tile.row_blocks),
        change_(tile.first_block) {}

  ASTERISM_AVX2 void next(__m256 (&out)[Parts]) {
    if (block_ == change_) load_nested();
    ++block_;
    for (int p = 0; p < Parts; ++p) {
      __m256 value = _mm256_mul_ps(mapped(codes_ + 8 * p), nested_[p]);
      __asm__("" : "+x"(value));  // the product is rounded: compilers fuse it with the sum otherwise
      out[p] = _mm256_add_ps(value, _mm256_set1_ps(offset_));
    }
    codes_ += quant::tile_rows;
  }

 private:
  static constexpr std::uint64_t group = quant::DoubleQuantized::group;

  ASTERISM_AVX2 static __m256 mapped(const std::uint8_t* codes) {
    const auto four = [&](int i) __attribute__((always_inline, target("avx2,fma,f16c"))) {
      const float* map = quant::dynamic_map.data();
      return _mm_setr_ps(map[codes[i]], map[codes[i + 1]], map[codes[i + 2]], map[codes[i + 3]]);
    };
    return _mm256_setr_m128(four(0), four(4));
  }

  /// Loads the nested scales of the rows, valid until the first of them changes.
  ASTERISM_AVX2 void load_nested() {
    alignas(32) float values[8 * Parts];
    std::uint64_t until_change = group;
    for (std::uint64_t i = 0; i < 8 * Parts; ++i) {
      const std::uint64_t block = block_ + i * row_blocks_;
      values[i] = nested_absmax_[block / group];
      const std::uint64_t left = group - block % group;
      until_change = left < until_change ? left : until_change;
    }
    for (int p = 0; p < Parts; ++p) nested_[p] = _mm256_load_ps(values + 8 * p);
    change_ = block_ + until_change;
  }

  const std::uint8_t* codes_;
  const float* nested_absmax_;
  float offset_;
  std::uint64_t block_;
  std::uint64_t row_blocks_;
  std::uint64_t change_;
  __m256 nested_[Parts]{};
};

}  // namespace asterism::simd

#endif
