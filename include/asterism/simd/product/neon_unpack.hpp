// Stored weights to float32 with NEON: the first half of the kernels of Level::neon.
#pragma once

#if defined(__aarch64__)

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <arm_neon.h>

#include "asterism/core/view.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/simd/product/known_formats.hpp"
#include "asterism/simd/product/neon_k_blocks.hpp"
#include "asterism/simd/product/portable.hpp"
#include "asterism/simd/product/tile.hpp"
#include "asterism/simd/target.hpp"

namespace asterism::simd {

/// Unpacking for Neon. Every value is the one that the format's own `decode` gives, to the bit.
struct NeonUnpack {
  /// Unpacks a tile of any format: with its own `decode`, unless there is a kernel for it below.
  template <quant::Quantization Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    Portable::unpack(weights, o, outputs, c, cols, out);
  }

  template <FloatFormat Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const std::uint64_t first = (o + i) * weights.cols + c;
      const std::byte* in = weights.data + first * Q::element_bytes;
      std::size_t k = 0;
      for (; k + 4 <= cols; k += 4) vst1q_f32(out + k, numbers<Q>(in + k * Q::element_bytes));
      if (k < cols) Q::decode(weights.matrix(), first + k, View<float>(out + k, cols - k));
    }
  }

  /// Whole blocks, of which the pieces of a product consist.
  template <KnownKBlocks Q>
  static void unpack(quant::KernelMatrixRef<Q> weights, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const std::uint64_t first = ((o + i) * weights.cols + c) / Q::block;
      const auto* block = reinterpret_cast<const std::uint8_t*>(weights.data) + first * Q::block_bytes;
      for (std::size_t k = 0; k < cols; k += Q::block, block += Q::block_bytes) {
        NeonKBlocks::decode(Q(), block, out + k);
      }
    }
  }

  /// 32 weights at a time if the matrix is in tiles, so that segments begin with whole ones; otherwise element by
  /// element.
  template <KnownBlocks Q>
  static void unpack(quant::KernelMatrixRef<Q> matrix, std::uint64_t o, std::size_t outputs, std::uint64_t c,
                     std::size_t cols, float* out) {
    if (!matrix.in_tiles()) return Portable::unpack(matrix, o, outputs, c, cols, out);
    const auto scales = Q::scales(matrix.matrix());
    for (std::size_t i = 0; i < outputs; ++i, out += segment) {
      const quant::TiledRow row = quant::tiled_row(matrix, o + i);
      for (std::size_t k = 0; k < cols; k += 32) {
        const Weights32 weights = blocks<Q>(row, scales, c + k);
        ASTERISM_UNROLL
        for (std::size_t j = 0; j < 8; ++j) vst1q_f32(out + k + 4 * j, weights.values[j]);
      }
    }
  }

  /// Four plain numbers in order.
  template <FloatFormat Q>
  static float32x4_t numbers(const std::byte* at) {
    if constexpr (std::same_as<Q, quant::Float32>) {
      return vld1q_f32(reinterpret_cast<const float*>(at));
    } else {
      const uint16x4_t bits = vld1_u16(reinterpret_cast<const std::uint16_t*>(at));
      if constexpr (std::same_as<Q, quant::Float16>) return vcvt_f32_f16(vreinterpret_f16_u16(bits));
      return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
    }
  }

  /// 32 weights in order.
  struct Weights32 {
    float32x4_t values[8];
  };

  /// The weights of a row from column c on, a multiple of 32.
  template <KnownBlocks Q>
  static Weights32 blocks(const quant::TiledRow& row, const typename Q::ScaleReader& scale_of, std::uint64_t c) {
    using Order = typename Q::KernelOrder;
    const std::byte* codes = row.codes + c / Order::unit_columns * row.stride;
    const auto scale = [&](std::uint64_t column) {
      const std::uint64_t b = column / Order::block;
      return scale_of.at(row.scale(b), row.first_block + b);
    };
    const float first_scale = scale(c);
    const float second_scale = Order::block >= 32 ? first_scale : scale(c + 16);
    Weights32 out;
    if constexpr (Order::bits == 8) {
      sixteen(four_units(codes, row.stride), first_scale, out.values);
      sixteen(four_units(codes + 4 * row.stride, row.stride), second_scale, out.values + 4);
    } else {
      const uint8x16_t two = vreinterpretq_u8_s8(four_units(codes, row.stride));
      if constexpr (std::same_as<typename Q::Codes, quant::Nf4Codes>) {
        const uint8x16_t even = vshrq_n_u8(two, 4);
        const uint8x16_t odd = vandq_u8(two, vdupq_n_u8(15));
        look_up(vzip1q_u8(even, odd), first_scale, out.values);
        look_up(vzip2q_u8(even, odd), first_scale, out.values + 4);
      } else {
        const int8x16_t even = vshrq_n_s8(vreinterpretq_s8_u8(vshlq_n_u8(two, 4)), 4);
        const int8x16_t odd = vshrq_n_s8(vreinterpretq_s8_u8(two), 4);
        sixteen(vzip1q_s8(even, odd), first_scale, out.values);
        sixteen(vzip2q_s8(even, odd), second_scale, out.values + 4);
      }
    }
    return out;
  }

 private:
  /// Four units of 4 bytes that lie `stride` apart.
  static int8x16_t four_units(const std::byte* in, std::uint64_t stride) {
    const auto unit = [&](std::uint64_t i) {
      std::int32_t bytes = 0;
      std::memcpy(&bytes, in + i * stride, 4);
      return bytes;
    };
    int32x4_t units = vdupq_n_s32(unit(0));
    units = vsetq_lane_s32(unit(1), units, 1);
    units = vsetq_lane_s32(unit(2), units, 2);
    units = vsetq_lane_s32(unit(3), units, 3);
    return vreinterpretq_s8_s32(units);
  }

  /// Sixteen integers times a scale.
  static void sixteen(int8x16_t codes, float scale, float32x4_t* out) {
    const int16x8_t low = vmovl_s8(vget_low_s8(codes));
    const int16x8_t high = vmovl_high_s8(codes);
    out[0] = vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), scale);
    out[1] = vmulq_n_f32(vcvtq_f32_s32(vmovl_high_s16(low)), scale);
    out[2] = vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), scale);
    out[3] = vmulq_n_f32(vcvtq_f32_s32(vmovl_high_s16(high)), scale);
  }

  /// Sixteen codes of NF4, whose values' four bytes are looked up one by one and zipped together, times a scale.
  static void look_up(uint8x16_t codes, float scale, float32x4_t* out) {
    uint8x16_t bytes[4];
    ASTERISM_UNROLL
    for (std::size_t b = 0; b < 4; ++b) bytes[b] = vqtbl1q_u8(vld1q_u8(table_bytes[b].data()), codes);
    const uint16x8_t lower0 = vreinterpretq_u16_u8(vzip1q_u8(bytes[0], bytes[1]));
    const uint16x8_t lower1 = vreinterpretq_u16_u8(vzip2q_u8(bytes[0], bytes[1]));
    const uint16x8_t upper0 = vreinterpretq_u16_u8(vzip1q_u8(bytes[2], bytes[3]));
    const uint16x8_t upper1 = vreinterpretq_u16_u8(vzip2q_u8(bytes[2], bytes[3]));
    out[0] = vmulq_n_f32(vreinterpretq_f32_u16(vzip1q_u16(lower0, upper0)), scale);
    out[1] = vmulq_n_f32(vreinterpretq_f32_u16(vzip2q_u16(lower0, upper0)), scale);
    out[2] = vmulq_n_f32(vreinterpretq_f32_u16(vzip1q_u16(lower1, upper1)), scale);
    out[3] = vmulq_n_f32(vreinterpretq_f32_u16(vzip2q_u16(lower1, upper1)), scale);
  }

  /// Byte b of the sixteen float32 values of NF4's table, for b = 0, 1, 2, 3.
  static constexpr std::array<std::array<std::uint8_t, 16>, 4> table_bytes = [] {
    std::array<std::array<std::uint8_t, 16>, 4> bytes{};
    for (std::size_t b = 0; b < 4; ++b) {
      for (std::size_t code = 0; code < 16; ++code) {
        bytes[b][code] =
            static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(quant::nf4_table[code]) >> (8 * b));
      }
    }
    return bytes;
  }();
};

}  // namespace asterism::simd

#endif
