// One SwiGLU that every row passes: the feed-forward block of a dense layer, or a shared expert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/fwd.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::expert {

/// y = W_down (silu(W_gate x) * W_up x), without biases; gate and up (ffn, hidden), down (hidden, ffn) in one slab,
/// filled through `slab()` after construction and immutable afterwards. Source: Shazeer, GLU Variants Improve
/// Transformer, arXiv 2002.05202.
template <class Quantization>
class FeedForward {
 public:
  static_assert(quant::WeightFormat<Quantization>);
  using Weights = backend::DeviceWeights<Quantization>;

  struct Slab {
    Weights gate;
    Weights up;
    Weights down;
  };

  /// Bytes of the slab.
  static constexpr Bytes footprint(std::int32_t hidden, std::int32_t ffn,
                                   const quant::FeedForwardFormats& formats = {}) {
    backend::Layout cursor;
    lay_out(cursor, hidden, ffn, formats);
    return cursor.used();
  }

  /// Draws the slab, uninitialised, from a device or a backend::Region, for `holder`.
  template <class Memory>
  FeedForward(Memory& memory, std::int32_t hidden, std::int32_t ffn, std::string_view holder = "feed-forward",
              const quant::FeedForwardFormats& formats = {})
      : buffer_(memory.allocate(footprint(hidden, ffn, formats), holder)) {
    backend::Layout cursor(buffer_);
    slab_ = lay_out(cursor, hidden, ffn, formats);
  }

  const Slab& slab() const { return slab_; }

  /// Inner activations of a pass of `rows` tokens at most.
  struct Scratch {
    backend::DeviceMatrix<float> gate;  ///< (rows, ffn)
    backend::DeviceMatrix<float> up;    ///< (rows, ffn)

    static constexpr Scratch lay_out(backend::Layout& cursor, std::int32_t ffn, std::size_t rows) {
      const auto width = static_cast<std::size_t>(ffn);
      return {cursor.matrix<float>(rows, width), cursor.matrix<float>(rows, width)};
    }
  };

  /// x and y (n, hidden); y may be x. Allocates nothing.
  template <class Device>
  void forward(Device& device, backend::DeviceMatrix<const float> x, const Scratch& scratch,
               backend::DeviceMatrix<float> y) const {
    const auto gate = scratch.gate.rows_at(0, x.rows());
    const auto up = scratch.up.rows_at(0, x.rows());
    const backend::Product<Quantization> inner[] = {{slab_.gate, gate}, {slab_.up, up}};
    device.template products<Quantization>(View<const backend::Product<Quantization>>(inner, 2), x);
    device.silu_multiply(gate, up, gate);
    device.product(slab_.down, gate, y);
  }

 private:
  static constexpr Slab lay_out(backend::Layout& cursor, std::int32_t hidden, std::int32_t ffn,
                                const quant::FeedForwardFormats& formats) {
    const auto outer = static_cast<std::uint64_t>(hidden);
    const auto inner = static_cast<std::uint64_t>(ffn);
    return {cursor.weights<Quantization>(inner, outer, formats.gate),
            cursor.weights<Quantization>(inner, outer, formats.up),
            cursor.weights<Quantization>(outer, inner, formats.down)};
  }

  backend::Buffer buffer_;
  Slab slab_;
};

}  // namespace asterism::expert
