// A linear map with a bias, learning.
#pragma once

#include <cstddef>
#include <string_view>

#include "asterism/backend/operand.hpp"
#include "asterism/train/encoders/tensors.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// y = x W^T + b: W (out, in), b (out).
struct Affine {
  LearningMatrix weight;
  LearningVector bias;

  template <class Cursor>
  static constexpr Affine lay_out(Cursor& cursor, std::string_view module, Kind kind, std::size_t out,
                                  std::size_t in) {
    const LearningMatrix weight = cursor.matrix(module, "weight", kind, out, in);
    return {weight, cursor.vector(module, "bias", out)};
  }

  /// x (n, in), y (n, out).
  template <class Device>
  void forward(Device& device, backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> y) const {
    device.product(weight.value, x, y);
    device.add(bias.value, y);
  }

  /// From dy (n, out): dx (n, in) becomes, or takes up, the gradient of x, unless it is empty; those of weight and bias
  /// are added to.
  template <class Device>
  void backward(Device& device, backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> dy,
                backend::Into into, backend::DeviceMatrix<float> dx) const {
    device.weight_gradient(dy, x, weight.gradient);
    device.bias_backward(dy, bias.gradient);
    if (dx.rows() > 0) device.product_backward(weight.value, dy, into, dx);
  }
};

}  // namespace asterism::train
