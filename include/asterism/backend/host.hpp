// The CPU as a logical device.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "asterism/backend/fwd.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/host_device.hpp"
#include "asterism/backend/host_products.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/concept.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/activation.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::backend {

/// A logical device in the memory of this machine, computing on the threads of an execution policy, which several
/// devices may share. Weights are in kernel order, see quant::RowTiles. Models Backend; see its rules. Sums in
/// fp32, in one fixed order. Not thread-safe.
///
/// @tparam Execution   execution policy
/// @tparam Activation  activation policy: quant::Float32Activations, or quant::Int8Activations and its wider kin, which
/// are much faster; all document the error of results
template <class Execution, class Activation>
class BasicHost : public HostDevice {
 public:
  static_assert(parallel::Execution<Execution>);
  static_assert(std::same_as<Activation, quant::Float32Activations> || quant::IntegerActivations<Activation>,
                "the activation policies are quant::Float32Activations and quant::Int8Activations, or another "
                "quant::GroupedInt8Activations");
  using ExecutionPolicy = Execution;
  using ActivationPolicy = Activation;

  /// `device` is the index by which messages and operands name it.
  BasicHost(std::int32_t device, Bytes budget, std::shared_ptr<Execution> execution)
      : HostDevice(device, budget, parallel::ExecutionRef(*execution)), owner_(std::move(execution)) {}

  /// Scratch memory of products of `rows` rows of `cols` columns, besides their operands: 0 for exact activations.
  static constexpr Bytes scratch(std::size_t rows, std::size_t cols) {
    return quant::IntegerActivations<Activation> ? HostProducts::scratch(rows, cols) : Bytes{0};
  }

  /// Draws that scratch memory from the arena and keeps it, for all products up to that size.
  void reserve(std::size_t rows, std::size_t cols) {
    const Bytes bytes = scratch(rows, cols);
    if (bytes.count > 0) host_products().keep(allocate(bytes, "workspace"));
  }

  /// y = x W^T: x (n, cols), W (rows, cols), y (n, rows), directly on the stored weights.
  template <quant::WeightFormat Format>
  void product(DeviceWeights<Format> weights, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
    checks().product(weights, x, y);
    const Product<Format> one{weights, y};
    host_products().multiply(list<UntypedProduct>(View<const Product<Format>>(&one, 1)), x.view);
  }

  /// Several products of the same rows at once, of a Format that is OneOf several each in its own; the y must not
  /// overlap.
  template <quant::WeightFormat Format>
  void products(View<const Product<Format>> all, DeviceMatrix<const float> x) {
    checks().products(all, x);
    host_products().multiply(list<UntypedProduct>(all), x.view);
  }

  /// For every expert e the rows of its group: y(s, :) = x(s, :) W_e^T for its slots s. weights (experts), all of
  /// one shape; x (slots, cols), y (slots, rows).
  template <quant::WeightFormat Format>
  void grouped_product(View<const DeviceWeights<Format>> weights, const ExpertGroups& groups,
                       DeviceMatrix<const float> x, DeviceMatrix<float> y) {
    checks().grouped_product(weights, groups, x, y);
    host_products().multiply_groups(list<UntypedWeights>(weights), groups, x.view, y.view);
  }

  /// Complete gated experts: y(s, :) = down_e (silu(gate_e x(s, :)) * up_e x(s, :)) for the slots s of every
  /// expert e. All experts have the same shape; x and y (slots, hidden), y may alias x; gate and up (slots, ffn)
  /// are scratch.
  template <quant::WeightFormat Format>
  void grouped_swiglu(const Experts<Format>& experts, const ExpertGroups& groups, DeviceMatrix<const float> x,
                      DeviceMatrix<float> gate, DeviceMatrix<float> up, DeviceMatrix<float> y) {
    checks().grouped_swiglu(experts, groups, x, gate, up, y);
    const HostProducts::Gated matrices{list<UntypedWeights>(experts.gate), list<UntypedWeights>(experts.up),
                                       list<UntypedWeights>(experts.down)};
    host_products().multiply_swiglu(matrices, groups, x.view, gate.view, up.view, y.view);
  }

 private:
  template <class T, class From>
  static ListOf<T> list(View<const From> all) {
    return ListOf<T>::template read_by<Untyped<Activation>>(all);
  }

  std::shared_ptr<Execution> owner_;
};

}  // namespace asterism::backend
