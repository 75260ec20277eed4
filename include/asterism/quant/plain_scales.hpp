// Unquantized scales of a blockwise format: one float32 per block.
#pragma once

#include <cstdint>
#include <string>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/fwd.hpp"
#include "asterism/quant/planes.hpp"

namespace asterism::quant {

/// Scales policy of Nf4: plane "absmax", float32 [blocks]. Lossless.
struct PlainScales {
  static constexpr double bits_per_block = 32;
  static std::string name() { return ""; }

  /// Appends the planes of the scales after plane 0, the codes.
  static constexpr void add_planes(Planes& planes, std::uint64_t blocks) { planes.add("absmax", blocks * 4); }

  /// Writes one scale for each block into the planes of `layout` at `out`.
  static void store(View<const float> scales, const Planes& layout, std::byte* out);

  /// Reads scales back. Borrows the matrix.
  class Reader {
   public:
    Reader(const std::byte* data, const Planes& layout)
        : absmax_(reinterpret_cast<const float*>(data + layout[1].offset)) {}

    float operator()(std::uint64_t block) const { return absmax_[block]; }
    /// The scale of a block that is at another place of plane "absmax".
    float at(std::uint64_t place, std::uint64_t /*block*/) const { return absmax_[place]; }

    const float* data() const { return absmax_; }

    /// Upper bound of the distance between the scale of a block and the one given to `store`.
    double error_bound(std::uint64_t /*block*/) const { return 0; }

   private:
    const float* absmax_;
  };
};

}  // namespace asterism::quant

#if !defined(ASTERISM_COMPILED)
#include "asterism/quant/plain_scales_impl.hpp"
#endif
