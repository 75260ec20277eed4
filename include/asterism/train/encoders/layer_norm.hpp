// A layer's norm, learning.
#pragma once

#include <cstddef>
#include <string_view>

#include "asterism/backend/operand.hpp"
#include "asterism/train/encoders/tensors.hpp"

namespace asterism::train {

/// y = weight (x - mean) / sqrt(variance + 1e-5) + bias, as torch.nn.LayerNorm.
struct LayerNorm {
  static constexpr float epsilon = 1e-5F;

  LearningVector weight;
  LearningVector bias;

  template <class Cursor>
  static constexpr LayerNorm lay_out(Cursor& cursor, std::string_view module, std::size_t width) {
    const LearningVector weight = cursor.vector(module, "weight", width);
    return {weight, cursor.vector(module, "bias", width)};
  }

  /// x and y (n, width).
  template <class Device>
  void forward(Device& device, backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> y) const {
    device.layer_norm(x, weight.value, bias.value, epsilon, y);
  }

  /// dx (n, width) += the gradient of x, from dy.
  template <class Device>
  void backward(Device& device, backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> dy,
                backend::DeviceMatrix<float> dx) const {
    device.layer_norm_backward(x, weight.value, epsilon, dy, dx, weight.gradient, bias.gradient);
  }
};

}  // namespace asterism::train
