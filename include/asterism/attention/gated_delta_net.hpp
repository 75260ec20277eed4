// Linear attention with a state that forgets and corrects: the mixer of Qwen3-Next's other layers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/attention/fwd.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/delta_heads.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// Projections of queries, keys and values, a causal convolution over their last positions, the gated delta rule on a
/// state for each value head, a norm of each head's answer behind it, and a gate. Models Mixer. Filled through `slab()`
/// after construction, immutable afterwards. Sources: Yang et al., Gated Delta Networks, arXiv 2412.06464;
/// transformers, `Qwen3NextGatedDeltaNet`.
template <class Quantization>
class GatedDeltaNet {
 public:
  static_assert(quant::WeightFormat<Quantization>);
  using Weights = backend::DeviceWeights<Quantization>;

  static constexpr bool is_recurrent = true;
  static constexpr const char* name = "GatedDeltaNet";
  static constexpr const char* holder = "linear attention";

  /// The layers of a shape that it mixes.
  static constexpr LayerSet layers(const Shape& shape) { return shape.linear_layers; }

  struct Slab {
    Weights qkv;         ///< (channels, hidden): all queries, then all keys, then all values
    Weights gate;        ///< (values, hidden)
    Weights beta_decay;  ///< (2 * value_heads, hidden): for each key head all betas, then all decays
    backend::DeviceMatrix<float> convolution;  ///< (channels, kernel)
    backend::DeviceMatrix<float> decay_rate;   ///< (1, value_heads), below 0
    backend::DeviceMatrix<float> decay_bias;   ///< (1, value_heads)
    backend::DeviceMatrix<float> norm;         ///< (1, value_width)
    Weights output;                            ///< (hidden, values)
  };

  /// Bytes of one layer's slab.
  static constexpr Bytes footprint(const Shape& shape, const quant::LayerFormats& formats = {}) {
    backend::Layout cursor;
    lay_out(cursor, shape, formats);
    return cursor.used();
  }

  /// Draws the slab, uninitialised, from a device or a backend::Region.
  template <class Memory>
  GatedDeltaNet(Memory& memory, const Shape& shape, const quant::LayerFormats& formats = {})
      : heads_(heads_of(shape)),
        epsilon_(static_cast<float>(shape.rms_epsilon)),
        buffer_(memory.allocate(footprint(shape, formats), holder)) {
    backend::Layout cursor(buffer_);
    slab_ = lay_out(cursor, shape, formats);
  }

  const Slab& slab() const { return slab_; }

  /// Activations of a pass of `rows` tokens at most; none for a shape without such layers.
  struct Scratch {
    backend::DeviceMatrix<float> qkv;         ///< (rows, channels)
    backend::DeviceMatrix<float> convolved;   ///< (rows, channels)
    backend::DeviceMatrix<float> gate;        ///< (rows, values)
    backend::DeviceMatrix<float> beta_decay;  ///< (rows, 2 * value_heads)
    backend::DeviceMatrix<float> decay;       ///< (rows, value_heads)
    backend::DeviceMatrix<float> beta;        ///< (rows, value_heads)
    backend::DeviceMatrix<float> mixed;       ///< (rows, values)

    static constexpr Scratch lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
      const DeltaNetSizes& sizes = shape.delta_net;
      const std::size_t n = shape.linear_layers.empty() ? 0 : rows;
      const auto heads = static_cast<std::size_t>(sizes.value_heads);
      const auto channels = static_cast<std::size_t>(sizes.channels());
      const auto values = static_cast<std::size_t>(sizes.values());
      return {.qkv = cursor.matrix<float>(n, channels),
              .convolved = cursor.matrix<float>(n, channels),
              .gate = cursor.matrix<float>(n, values),
              .beta_decay = cursor.matrix<float>(n, 2 * heads),
              .decay = cursor.matrix<float>(n, heads),
              .beta = cursor.matrix<float>(n, heads),
              .mixed = cursor.matrix<float>(n, values)};
    }
  };

  /// out = what the layer answers to x, (n, hidden) both; out may be x. `layer` is its number among those of this kind.
  /// The rows belong to the sequences of `segments`, one after the other: each a struct with `rows` of them and
  /// `state(device index)`, a RecurrentState, which they read and write. Allocates nothing.
  template <class Device, class Segments>
  void forward(Device& device, std::int32_t layer, const Segments& segments, backend::DeviceMatrix<const float> x,
               backend::DeviceMatrix<const float> /*tables*/, const Scratch& scratch,
               backend::DeviceMatrix<float> out) const {
    const auto of_pass = [n = x.rows()](const backend::DeviceMatrix<float>& all) { return all.rows_at(0, n); };
    const auto qkv = of_pass(scratch.qkv);
    const auto convolved = of_pass(scratch.convolved);
    const auto gate = of_pass(scratch.gate);
    const auto beta_decay = of_pass(scratch.beta_decay);
    const auto decay = of_pass(scratch.decay);
    const auto beta = of_pass(scratch.beta);
    const auto mixed = of_pass(scratch.mixed);
    const backend::Product<Quantization> projections[] = {
        {slab_.qkv, qkv}, {slab_.gate, gate}, {slab_.beta_decay, beta_decay}};
    device.template products<Quantization>(View<const backend::Product<Quantization>>(projections, 3), x);
    device.delta_gates(heads_, beta_decay, slab_.decay_rate, slab_.decay_bias, decay, beta);
    std::size_t row = 0;
    for (const auto& segment : segments) {
      const auto& state = segment.state(x.device);
      const auto before = state.before(layer);
      const auto after = state.after(layer);
      const auto of_rows = [&](const backend::DeviceMatrix<float>& all) { return all.rows_at(row, segment.rows); };
      device.causal_convolution(of_rows(qkv), slab_.convolution, before.convolution, after.convolution,
                                of_rows(convolved));
      device.delta_rule(heads_, of_rows(convolved), of_rows(decay), of_rows(beta), before.memory, after.memory,
                        of_rows(mixed));
      row += segment.rows;
    }
    device.gated_rms_norm(mixed, slab_.norm, epsilon_, gate, mixed);
    device.product(slab_.output, mixed, out);
  }

 private:
  static constexpr backend::DeltaHeads heads_of(const Shape& shape) {
    const DeltaNetSizes& sizes = shape.delta_net;
    return {.key_heads = static_cast<std::size_t>(sizes.key_heads),
            .value_heads = static_cast<std::size_t>(sizes.value_heads),
            .key_width = static_cast<std::size_t>(sizes.key_width),
            .value_width = static_cast<std::size_t>(sizes.value_width)};
  }

  static constexpr Slab lay_out(backend::Layout& cursor, const Shape& shape, const quant::LayerFormats& formats) {
    const DeltaNetSizes& sizes = shape.delta_net;
    const auto hidden = static_cast<std::uint64_t>(shape.hidden);
    const auto channels = static_cast<std::uint64_t>(sizes.channels());
    const auto values = static_cast<std::uint64_t>(sizes.values());
    const auto heads = static_cast<std::uint64_t>(sizes.value_heads);
    const auto vector = [&](std::uint64_t size) {
      return cursor.matrix<float>(1, static_cast<std::size_t>(size));
    };
    return {.qkv = cursor.weights<Quantization>(channels, hidden, formats.linear_qkv),
            .gate = cursor.weights<Quantization>(values, hidden, formats.linear_gate),
            .beta_decay = cursor.weights<Quantization>(2 * heads, hidden, formats.linear_beta_decay),
            .convolution =
                cursor.matrix<float>(static_cast<std::size_t>(channels), static_cast<std::size_t>(sizes.kernel)),
            .decay_rate = vector(heads),
            .decay_bias = vector(heads),
            .norm = vector(static_cast<std::uint64_t>(sizes.value_width)),
            .output = cursor.weights<Quantization>(hidden, values, formats.linear_output)};
  }

  backend::DeltaHeads heads_;
  float epsilon_;
  backend::Buffer buffer_;
  Slab slab_;
};

}  // namespace asterism::attention
