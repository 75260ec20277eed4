// The gated feed-forward block of Mixtral and similar models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/fwd.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::expert {

/// y = W_down (silu(W_gate x) * W_up x), without biases. One slab holds gate (ffn, hidden), up (ffn, hidden) and
/// down (hidden, ffn) with all their planes, contiguously. Models Expert. Source: Shazeer, GLU Variants Improve
/// Transformer, arXiv 2002.05202.
template <class Quantization>
class SwiGlu {
 public:
  static_assert(quant::WeightFormat<Quantization>);
  using Weights = backend::DeviceWeights<Quantization>;

  constexpr explicit SwiGlu(const Shape& shape, const quant::LayerFormats& formats = {})
      : hidden_(static_cast<std::size_t>(shape.hidden)),
        ffn_(static_cast<std::size_t>(shape.ffn)),
        formats_{formats.gate, formats.up, formats.down} {}

  constexpr std::size_t in_dim() const { return hidden_; }
  constexpr std::size_t out_dim() const { return hidden_; }

  /// Bytes of one slab.
  constexpr Bytes footprint() const {
    backend::Layout cursor;
    lay_out(cursor);
    return cursor.used();
  }

  /// The three matrices of one slab.
  struct Slab {
    Weights gate;
    Weights up;
    Weights down;
  };
  constexpr Slab lay_out(backend::Layout& cursor) const {
    return {cursor.weights<Quantization>(ffn_, hidden_, formats_.gate),
            cursor.weights<Quantization>(ffn_, hidden_, formats_.up),
            cursor.weights<Quantization>(hidden_, ffn_, formats_.down)};
  }

  /// The matrices of all experts of a layer, indexed by expert.
  struct Matrices {
    using Format = Quantization;
    std::vector<Weights> gate;
    std::vector<Weights> up;
    std::vector<Weights> down;

    void add(const Slab& slab) {
      gate.push_back(slab.gate);
      up.push_back(slab.up);
      down.push_back(slab.down);
    }
    void set(std::size_t e, const Slab& slab) {
      gate[e] = slab.gate;
      up[e] = slab.up;
      down[e] = slab.down;
    }
  };

  /// Inner activations of all slots of a pass.
  struct Scratch {
    backend::DeviceMatrix<float> gate;  ///< (slots, ffn)
    backend::DeviceMatrix<float> up;    ///< (slots, ffn)

    static constexpr Scratch lay_out(backend::Layout& cursor, const SwiGlu& expert, std::size_t slots) {
      return {cursor.matrix<float>(slots, expert.ffn_), cursor.matrix<float>(slots, expert.ffn_)};
    }
  };

  /// x (slots, hidden) sorted by expert according to `groups`; y (slots, hidden) may alias x. Does not allocate.
  template <class Device>
  void forward(Device& device, const Matrices& matrices, const backend::ExpertGroups& groups,
               backend::DeviceMatrix<const float> x, const Scratch& scratch,
               backend::DeviceMatrix<float> y) const {
    const auto gate = scratch.gate.rows_at(0, x.rows());
    const auto up = scratch.up.rows_at(0, x.rows());
    const backend::Experts<Quantization> experts{matrices.gate, matrices.up, matrices.down};
    device.template grouped_swiglu<Quantization>(experts, groups, x, gate, up, y);
  }

  /// The same, where sequences of the pass may have adapters: `adapters` adds to each product; see
  /// model::PassAdapters::OfExperts. The same bits for rows without.
  template <class Device, class Adapters>
  void forward(Device& device, const Matrices& matrices, const backend::ExpertGroups& groups,
               backend::DeviceMatrix<const float> x, const Scratch& scratch, backend::DeviceMatrix<float> y,
               const Adapters& adapters) const {
    if (!adapters.any()) return forward(device, matrices, groups, x, scratch, y);
    const auto gate = scratch.gate.rows_at(0, x.rows());
    const auto up = scratch.up.rows_at(0, x.rows());
    device.template grouped_product<Quantization>(matrices.gate, groups, x, gate);
    adapters.add_to_gate(device, matrices.gate, groups, x, gate);
    device.template grouped_product<Quantization>(matrices.up, groups, x, up);
    adapters.add_to_up(device, matrices.up, groups, x, up);
    device.silu_multiply(gate, up, gate);
    device.template grouped_product<Quantization>(matrices.down, groups, gate, y);
    adapters.add_to_down(device, matrices.down, groups, gate, y);
  }

  /// What a pass that trains leaves for `backward`, for one layer.
  struct Saved {
    backend::DeviceMatrix<float> gate;  ///< (slots, ffn): before SiLU
    backend::DeviceMatrix<float> up;    ///< (slots, ffn)

    static constexpr Saved lay_out(backend::Layout& cursor, const SwiGlu& expert, std::size_t slots) {
      return {cursor.matrix<float>(slots, expert.ffn_), cursor.matrix<float>(slots, expert.ffn_)};
    }
  };

  /// Memory of a pass that trains, the same for all layers.
  struct Work {
    backend::DeviceMatrix<float> inner;  ///< (slots, ffn): silu(gate) * up, then its gradient

    static constexpr Work lay_out(backend::Layout& cursor, const SwiGlu& expert, std::size_t slots) {
      return {cursor.matrix<float>(slots, expert.ffn_)};
    }
  };

  /// The same for training; see train::TrainableExpert. y may not alias x.
  template <class Device>
  void forward(Device& device, const Matrices& matrices, const backend::ExpertGroups& groups,
               backend::DeviceMatrix<const float> x, const Saved& saved, const Work& work,
               backend::DeviceMatrix<float> y) const {
    device.template grouped_product<Quantization>(matrices.gate, groups, x, saved.gate);
    device.template grouped_product<Quantization>(matrices.up, groups, x, saved.up);
    device.silu_multiply(saved.gate, saved.up, work.inner);
    device.template grouped_product<Quantization>(matrices.down, groups, work.inner, y);
  }

  /// From the gradient dy (slots, hidden) of `forward`: that of its rows, dx (slots, hidden), and those of the
  /// matrices, which are added to `gradients`, Matrices of SwiGlu in any quant::PlainFloat. Overwrites what was saved.
  template <class Device, class Gradients>
  void backward(Device& device, const Matrices& matrices, const Gradients& gradients,
                const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x, const Saved& saved,
                const Work& work, backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dx) const {
    using Format = typename Gradients::Format;
    device.silu_multiply(saved.gate, saved.up, work.inner);
    device.template grouped_weight_gradient<Format>(groups, dy, work.inner, gradients.down);
    device.template grouped_product_backward<Quantization>(matrices.down, groups, dy, backend::Into::overwrite,
                                                           work.inner);
    device.silu_multiply_backward(work.inner, saved.gate, saved.up);
    device.template grouped_weight_gradient<Format>(groups, saved.gate, x, gradients.gate);
    device.template grouped_weight_gradient<Format>(groups, saved.up, x, gradients.up);
    device.template grouped_product_backward<Quantization>(matrices.gate, groups, saved.gate,
                                                           backend::Into::overwrite, dx);
    device.template grouped_product_backward<Quantization>(matrices.up, groups, saved.up, backend::Into::add, dx);
  }

 private:
  std::size_t hidden_;
  std::size_t ffn_;
  quant::FeedForwardFormats formats_;
};

}  // namespace asterism::expert
