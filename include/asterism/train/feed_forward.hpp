// A dense layer's gated feed-forward block, learning.
#pragma once

#include <cstddef>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/feed_forward.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::train {

/// What the block leaves for its gradient.
struct FeedForwardSaved {
  backend::DeviceMatrix<float> gate;  ///< (rows, dense_ffn): before SiLU
  backend::DeviceMatrix<float> up;

  static constexpr FeedForwardSaved lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    const auto width = static_cast<std::size_t>(shape.dense_ffn);
    return {cursor.matrix<float>(rows, width), cursor.matrix<float>(rows, width)};
  }
};

/// Memory that all layers share.
struct FeedForwardWork {
  backend::DeviceMatrix<float> inner;   ///< (rows, dense_ffn)
  backend::DeviceMatrix<float> answer;  ///< (rows, hidden)

  static constexpr FeedForwardWork lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    const std::size_t there = shape.dense_layers.empty() ? 0 : rows;
    return {cursor.matrix<float>(there, static_cast<std::size_t>(shape.dense_ffn)),
            cursor.matrix<float>(there, static_cast<std::size_t>(shape.hidden))};
  }
};

/// The arithmetic of expert::FeedForward on its slab and on another in the place of gradients.
template <class Quantization, class GradientFormat = quant::Float32>
struct FeedForward {
  using Slab = typename expert::FeedForward<Quantization>::Slab;
  using Gradients = typename expert::FeedForward<GradientFormat>::Slab;

  /// hidden += the block's answer to x, (n, hidden) both.
  template <class Device>
  static void forward(Device& device, const Slab& slab, backend::DeviceMatrix<const float> x,
                      const FeedForwardSaved& saved, const FeedForwardWork& work,
                      backend::DeviceMatrix<float> hidden) {
    const backend::Product<Quantization> inner[] = {{slab.gate, saved.gate}, {slab.up, saved.up}};
    device.template products<Quantization>(View<const backend::Product<Quantization>>(inner, 2), x);
    device.silu_multiply(saved.gate, saved.up, work.inner);
    device.product(slab.down, work.inner, work.answer);
    device.add(work.answer, hidden);
  }

  /// From dy (n, hidden): dx (n, hidden), overwritten; those of the matrices are added to `gradients`, unless it is
  /// empty: then they are frozen. Overwrites what was saved.
  template <class Device>
  static void backward(Device& device, const Slab& slab, const Gradients& gradients,
                       backend::DeviceMatrix<const float> x, const FeedForwardSaved& saved,
                       const FeedForwardWork& work, backend::DeviceMatrix<const float> dy,
                       backend::DeviceMatrix<float> dx) {
    device.silu_multiply(saved.gate, saved.up, work.inner);
    weight_gradient(device, dy, work.inner, gradients.down);
    device.product_backward(slab.down, dy, backend::Into::overwrite, work.inner);
    device.silu_multiply_backward(work.inner, saved.gate, saved.up);
    weight_gradient(device, saved.gate, x, gradients.gate);
    weight_gradient(device, saved.up, x, gradients.up);
    device.product_backward(slab.gate, saved.gate, backend::Into::overwrite, dx);
    device.product_backward(slab.up, saved.up, backend::Into::add, dx);
  }

 private:
  template <class Device>
  static void weight_gradient(Device& device, backend::DeviceMatrix<const float> dy,
                              backend::DeviceMatrix<const float> x,
                              const backend::DeviceWeights<GradientFormat>& gradient) {
    if (gradient.data != nullptr) device.weight_gradient(dy, x, gradient);
  }
};

}  // namespace asterism::train
