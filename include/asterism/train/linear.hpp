// A linear map that learns, or that is frozen, with or without an adapter beside it.
#pragma once

#include <cstddef>
#include <vector>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/low_rank.hpp"
#include "asterism/quant/float32.hpp"

namespace asterism::train {

/// Memory of adapters on their way: (rows, rank), of which each map takes as much as it needs.
struct LowRankWork {
  backend::DeviceMatrix<float> inner;   ///< scale A x
  backend::DeviceMatrix<float> dinner;  ///< its gradient

  static constexpr LowRankWork lay_out(backend::Layout& cursor, std::size_t rows, std::size_t rank) {
    const std::size_t some = rank > 0 ? rows : 0;
    return {cursor.matrix<float>(some, rank), cursor.matrix<float>(some, rank)};
  }

  /// The first rows and columns of one of them, without gaps.
  static backend::DeviceMatrix<float> part(const backend::DeviceMatrix<float>& of, std::size_t rows,
                                           std::size_t rank) {
    return {{of.view.data, rows, rank}, of.device};
  }
};

/// y = W x + scale B (A x). What has no gradient (no data) is frozen; a gradient is in any quant::PlainFloat.
template <class Format, class GradientFormat = quant::Float32>
struct Linear {
  backend::DeviceWeights<Format> weights{};
  backend::DeviceWeights<GradientFormat> gradient{};
  expert::LowRank adapter{};
  expert::LowRank adapter_gradient{};

  template <class Device>
  void forward(Device& device, backend::DeviceMatrix<const float> x, const LowRankWork& work,
               backend::DeviceMatrix<float> y) const {
    device.product(weights, x, y);
    if (adapter.empty()) return;
    const auto inner = LowRankWork::part(work.inner, x.rows(), adapter.rank());
    narrow(device, x, inner);
    device.product_into(adapter.b, inner, backend::Into::add, y);
  }

  /// dx becomes, or takes up, the gradient of x; those of the weights are added to.
  template <class Device>
  void backward(Device& device, backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> dy,
                const LowRankWork& work, backend::Into into, backend::DeviceMatrix<float> dx) const {
    if (gradient.data != nullptr) device.weight_gradient(dy, x, gradient);
    device.product_backward(weights, dy, into, dx);
    if (adapter.empty()) return;
    const auto inner = LowRankWork::part(work.inner, x.rows(), adapter.rank());
    const auto dinner = LowRankWork::part(work.dinner, x.rows(), adapter.rank());
    narrow(device, x, inner);
    device.weight_gradient(dy, inner, adapter_gradient.b);
    device.product_backward(adapter.b, dy, backend::Into::overwrite, dinner);
    device.scale(adapter.scale, dinner);
    device.weight_gradient(dinner, x, adapter_gradient.a);
    device.product_backward(adapter.a, dinner, backend::Into::add, dx);
  }

 private:
  template <class Device>
  void narrow(Device& device, backend::DeviceMatrix<const float> x, backend::DeviceMatrix<float> inner) const {
    device.product(adapter.a, x, inner);
    device.scale(adapter.scale, inner);
  }
};

/// The same for the matrices of all experts of a layer, on rows sorted by expert. All adapters have one rank.
template <class Format>
struct GroupedLinear {
  std::vector<backend::DeviceWeights<Format>> weights{};
  std::vector<backend::DeviceWeights<quant::Float32>> a{};  ///< none: no adapters
  std::vector<backend::DeviceWeights<quant::Float32>> b{};
  std::vector<backend::DeviceWeights<quant::Float32>> a_gradient{};
  std::vector<backend::DeviceWeights<quant::Float32>> b_gradient{};
  float scale = 0;

  void add(const backend::DeviceWeights<Format>& matrix, const expert::LowRank& adapter,
           const expert::LowRank& gradient) {
    weights.push_back(matrix);
    if (adapter.empty()) return;
    a.push_back(adapter.a);
    b.push_back(adapter.b);
    a_gradient.push_back(gradient.a);
    b_gradient.push_back(gradient.b);
    scale = adapter.scale;
  }

  template <class Device>
  void forward(Device& device, const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
               const LowRankWork& work, backend::DeviceMatrix<float> y) const {
    device.template grouped_product<Format>(weights, groups, x, y);
    if (a.empty()) return;
    const auto inner = LowRankWork::part(work.inner, x.rows(), rank());
    narrow(device, groups, x, inner);
    device.template grouped_product_into<quant::Float32>(b, groups, inner, backend::Into::add, y);
  }

  template <class Device>
  void backward(Device& device, const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
                backend::DeviceMatrix<const float> dy, const LowRankWork& work, backend::Into into,
                backend::DeviceMatrix<float> dx) const {
    device.template grouped_product_backward<Format>(weights, groups, dy, into, dx);
    if (a.empty()) return;
    const auto inner = LowRankWork::part(work.inner, x.rows(), rank());
    const auto dinner = LowRankWork::part(work.dinner, x.rows(), rank());
    narrow(device, groups, x, inner);
    device.template grouped_weight_gradient<quant::Float32>(groups, dy, inner, b_gradient);
    device.template grouped_product_backward<quant::Float32>(b, groups, dy, backend::Into::overwrite, dinner);
    device.scale(scale, dinner);
    device.template grouped_weight_gradient<quant::Float32>(groups, dinner, x, a_gradient);
    device.template grouped_product_backward<quant::Float32>(a, groups, dinner, backend::Into::add, dx);
  }

 private:
  std::size_t rank() const { return static_cast<std::size_t>(a.front().rows); }

  template <class Device>
  void narrow(Device& device, const backend::ExpertGroups& groups, backend::DeviceMatrix<const float> x,
              backend::DeviceMatrix<float> inner) const {
    device.template grouped_product<quant::Float32>(a, groups, x, inner);
    device.scale(scale, inner);
  }
};

}  // namespace asterism::train
