// The feed-forward block of the Switch Transformer.
#pragma once

#include <cstddef>
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

/// y = W_down relu(W_up x), without biases. One slab holds up (ffn, hidden) and down (hidden, ffn) with all their
/// planes, contiguously. Models Expert, on backends with ActivationOps. Source: Fedus et al., Switch Transformers,
/// arXiv 2101.03961; transformers, `SwitchTransformersDenseActDense`, whose wi and wo they are.
template <class Quantization>
class Relu {
 public:
  static_assert(quant::WeightFormat<Quantization>);
  using Weights = backend::DeviceWeights<Quantization>;

  constexpr explicit Relu(const Shape& shape, const quant::LayerFormats& formats = {})
      : hidden_(static_cast<std::size_t>(shape.hidden)),
        ffn_(static_cast<std::size_t>(shape.ffn)),
        up_(formats.up),
        down_(formats.down) {}

  constexpr std::size_t in_dim() const { return hidden_; }
  constexpr std::size_t out_dim() const { return hidden_; }

  /// Bytes of one slab.
  constexpr Bytes footprint() const {
    backend::Layout cursor;
    lay_out(cursor);
    return cursor.used();
  }

  /// The two matrices of one slab.
  struct Slab {
    Weights up;
    Weights down;
  };
  constexpr Slab lay_out(backend::Layout& cursor) const {
    return {cursor.weights<Quantization>(ffn_, hidden_, up_), cursor.weights<Quantization>(hidden_, ffn_, down_)};
  }

  /// The matrices of all experts of a layer, indexed by expert.
  struct Matrices {
    using Format = Quantization;
    std::vector<Weights> up;
    std::vector<Weights> down;

    void add(const Slab& slab) {
      up.push_back(slab.up);
      down.push_back(slab.down);
    }
    void set(std::size_t e, const Slab& slab) {
      up[e] = slab.up;
      down[e] = slab.down;
    }
  };

  /// Inner activations of all slots of a pass.
  struct Scratch {
    backend::DeviceMatrix<float> inner;  ///< (slots, ffn)

    static constexpr Scratch lay_out(backend::Layout& cursor, const Relu& expert, std::size_t slots) {
      return {cursor.matrix<float>(slots, expert.ffn_)};
    }
  };

  /// x (slots, hidden) sorted by expert according to `groups`; y (slots, hidden) may alias x. Does not allocate.
  template <class Device>
  void forward(Device& device, const Matrices& matrices, const backend::ExpertGroups& groups,
               backend::DeviceMatrix<const float> x, const Scratch& scratch,
               backend::DeviceMatrix<float> y) const {
    const auto inner = scratch.inner.rows_at(0, x.rows());
    device.template grouped_product<Quantization>(matrices.up, groups, x, inner);
    device.relu(inner, inner);
    device.template grouped_product<Quantization>(matrices.down, groups, inner, y);
  }

  /// What a pass that trains leaves for `backward`, for one layer.
  struct Saved {
    backend::DeviceMatrix<float> inner;  ///< (slots, ffn): max(x W_up^T, 0)

    static constexpr Saved lay_out(backend::Layout& cursor, const Relu& expert, std::size_t slots) {
      return {cursor.matrix<float>(slots, expert.ffn_)};
    }
  };

  /// Memory of a pass that trains, the same for all layers.
  struct Work {
    backend::DeviceMatrix<float> inner;  ///< (slots, ffn): the gradient of Saved::inner

    static constexpr Work lay_out(backend::Layout& cursor, const Relu& expert, std::size_t slots) {
      return {cursor.matrix<float>(slots, expert.ffn_)};
    }
  };

  /// The same for training; see train::TrainableExpert. y may not alias x.
  template <class Device>
  void forward(Device& device, const Matrices& matrices, const backend::ExpertGroups& groups,
               backend::DeviceMatrix<const float> x, const Saved& saved, const Work& /*work*/,
               backend::DeviceMatrix<float> y) const {
    device.template grouped_product<Quantization>(matrices.up, groups, x, saved.inner);
    device.relu(saved.inner, saved.inner);
    device.template grouped_product<Quantization>(matrices.down, groups, saved.inner, y);
  }

  /// From the gradient dy (slots, hidden) of `forward`: that of its rows, dx (slots, hidden), and those of the
  /// matrices, which are added to `gradients`, Matrices of Relu in any quant::PlainFloat.
  template <class Device, class Gradients>
  void backward(Device& device, const Matrices& matrices, const Gradients& gradients,
                const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x, const Saved& saved,
                const Work& work, backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dx) const {
    using Format = typename Gradients::Format;
    device.template grouped_weight_gradient<Format>(groups, dy, saved.inner, gradients.down);
    device.template grouped_product_backward<Quantization>(matrices.down, groups, dy, backend::Into::overwrite,
                                                           work.inner);
    device.relu_backward(saved.inner, work.inner);
    device.template grouped_weight_gradient<Format>(groups, work.inner, x, gradients.up);
    device.template grouped_product_backward<Quantization>(matrices.up, groups, work.inner,
                                                           backend::Into::overwrite, dx);
  }

 private:
  std::size_t hidden_;
  std::size_t ffn_;
  quant::Tag up_;  ///< of the matrix
  quant::Tag down_;
};

}  // namespace asterism::expert
