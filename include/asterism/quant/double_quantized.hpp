// The scales of a blockwise format, quantized themselves to 8 bits: QLoRA's double quantization.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/nf4_table.hpp"
#include "asterism/quant/planes.hpp"
#include "asterism/quant/rounding.hpp"

namespace asterism::quant {

/// Scales policy of Nf4, in bitsandbytes' layout. Planes "absmax", u8 [blocks]: codes of `dynamic_map`;
/// "nested_absmax", float32 [blocks / 256 rounded up]; "offset", one float32: the mean of all scales,
/// bitsandbytes' `nested_offset`. The scale of block b is dynamic_map[absmax[b]] * nested_absmax[b / 256] +
/// offset, rounded after each operation. Source: QLoRA (Dettmers et al., 2023), section 3; bitsandbytes,
/// `quantize_4bit` with `compress_statistics`.
struct DoubleQuantized {
  static constexpr std::uint64_t group = 256;  ///< blocks that share a nested scale
  static constexpr double bits_per_block = 8 + 32.0 / group;
  static std::string name() { return "double-quantized"; }

  /// Appends the planes of the scales after plane 0, the codes.
  static constexpr void add_planes(Planes& planes, std::uint64_t blocks) {
    planes.add("absmax", blocks);
    planes.add("nested_absmax", (blocks + group - 1) / group * 4);
    planes.add("offset", 4);
  }

  /// Quantizes one scale for each block into the planes of `layout` at `out`: nearest entry of the map.
  /// Throws NumericError if a scale as stored overflows float32.
  static void store(View<const float> scales, const Planes& layout, std::byte* out);

  /// Reads scales back. Borrows the matrix.
  class Reader {
   public:
    Reader(const std::byte* data, const Planes& layout)
        : codes_(reinterpret_cast<const std::uint8_t*>(data + layout[1].offset)),
          nested_absmax_(reinterpret_cast<const float*>(data + layout[2].offset)) {
      std::memcpy(&offset_, data + layout[3].offset, 4);
    }

    float operator()(std::uint64_t block) const { return at(block, block); }
    /// The scale of a block whose code is at another place of plane "absmax".
    float at(std::uint64_t place, std::uint64_t block) const {
      return rounded_to_float32(dynamic_map[codes_[place]] * nested_absmax_[block / group]) + offset_;
    }

    /// The raw planes: codes, nested scales, and the offset.
    const std::uint8_t* data() const { return codes_; }
    const float* nested_absmax() const { return nested_absmax_; }
    float offset() const { return offset_; }

    /// Upper bound of the distance between the scale of a block and the one given to `store`: half the map's
    /// widest gap, what the smallest scales lose, and the rounding of the arithmetic.
    double error_bound(std::uint64_t block) const;

   private:
    const std::uint8_t* codes_;
    const float* nested_absmax_;
    float offset_ = 0;
  };

 private:
  /// The number of thresholds strictly below `value`, by bisection.
  static std::uint8_t code(float value);
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/double_quantized_impl.hpp"
#endif
