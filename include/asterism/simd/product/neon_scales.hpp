// The scales of a tile's sixteen rows in four NEON registers, block after block.
#pragma once

#if defined(__aarch64__)

#include <cstdint>

#include <arm_neon.h>

#include "asterism/quant/double_quantized.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/quant/plain_scales.hpp"
#include "asterism/simd/product/tile_scales.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// Scales of some consecutive rows of a tile, four a register.
template <int Vectors>
struct ScaleVectors {
  float32x4_t values[Vectors];
};

/// `next()`: the scales of the next block, exactly those of Q::scales, for 4 * Vectors rows of a tile. This one serves
/// any format.
template <class Reader, int Vectors>
class NeonScales {
 public:
  NeonScales(const Reader& scales, TileScales tile)
      : scales_(scales), place_(tile.place), block_(tile.first_block), row_blocks_(tile.row_blocks) {}

  ScaleVectors<Vectors> next() {
    float values[4 * Vectors];
    for (std::uint64_t i = 0; i < 4 * Vectors; ++i) values[i] = scales_.at(place_ + i, block_ + i * row_blocks_);
    place_ += quant::tile_rows;
    ++block_;
    ScaleVectors<Vectors> out;
    ASTERISM_UNROLL
    for (int v = 0; v < Vectors; ++v) out.values[v] = vld1q_f32(values + 4 * v);
    return out;
  }

 private:
  const Reader& scales_;
  std::uint64_t place_;
  std::uint64_t block_;
  std::uint64_t row_blocks_;
};

template <int Vectors>
class NeonScales<quant::PlainScales::Reader, Vectors> {
 public:
  NeonScales(const quant::PlainScales::Reader& scales, TileScales tile) : at_(scales.data() + tile.place) {}

  ScaleVectors<Vectors> next() {
    ScaleVectors<Vectors> out;
    ASTERISM_UNROLL
    for (int v = 0; v < Vectors; ++v) out.values[v] = vld1q_f32(at_ + 4 * v);
    at_ += quant::tile_rows;
    return out;
  }

 private:
  const float* at_;
};

template <int Vectors>
class NeonScales<quant::Float16Scales, Vectors> {
 public:
  NeonScales(const quant::Float16Scales& scales, TileScales tile) : at_(scales.data() + tile.place) {}

  ScaleVectors<Vectors> next() {
    ScaleVectors<Vectors> out;
    ASTERISM_UNROLL
    for (int v = 0; v < Vectors; ++v) out.values[v] = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(at_ + 4 * v)));
    at_ += quant::tile_rows;
    return out;
  }

 private:
  const std::uint16_t* at_;
};

template <int Vectors>
class NeonScales<quant::DoubleQuantized::Reader, Vectors> {
 public:
  NeonScales(const quant::DoubleQuantized::Reader& scales, TileScales tile)
      : codes_(scales.data() + tile.place),
        nested_absmax_(scales.nested_absmax()),
        offset_(scales.offset()),
        block_(tile.first_block),
        row_blocks_(tile.row_blocks),
        change_(tile.first_block) {}

  ScaleVectors<Vectors> next() {
    if (block_ == change_) load_nested();
    ++block_;
    ScaleVectors<Vectors> out;
    ASTERISM_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      const std::uint8_t* codes = codes_ + 4 * v;
      float32x4_t value = vld1q_dup_f32(&quant::dynamic_map[codes[0]]);
      value = vld1q_lane_f32(&quant::dynamic_map[codes[1]], value, 1);
      value = vld1q_lane_f32(&quant::dynamic_map[codes[2]], value, 2);
      value = vld1q_lane_f32(&quant::dynamic_map[codes[3]], value, 3);
      value = vmulq_f32(value, nested_[v]);
      __asm__("" : "+w"(value));  // compilers would fuse the product with the sum
      out.values[v] = vaddq_f32(value, vdupq_n_f32(offset_));
    }
    codes_ += quant::tile_rows;
    return out;
  }

 private:
  static constexpr std::uint64_t group = quant::DoubleQuantized::group;

  /// Loads the nested scales of the rows, valid until the first of them changes.
  void load_nested() {
    float values[4 * Vectors];
    std::uint64_t until_change = group;
    for (std::uint64_t i = 0; i < 4 * Vectors; ++i) {
      const std::uint64_t block = block_ + i * row_blocks_;
      values[i] = nested_absmax_[block / group];
      const std::uint64_t left = group - block % group;
      until_change = left < until_change ? left : until_change;
    }
    ASTERISM_UNROLL
    for (int v = 0; v < Vectors; ++v) nested_[v] = vld1q_f32(values + 4 * v);
    change_ = block_ + until_change;
  }

  const std::uint8_t* codes_;
  const float* nested_absmax_;
  float offset_;
  std::uint64_t block_;
  std::uint64_t row_blocks_;
  std::uint64_t change_;
  float32x4_t nested_[Vectors] = {};
};

}  // namespace asterism::simd

#endif
