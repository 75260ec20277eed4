// The contract of a backend that trains: a backward twin for every operation of a decoder.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/backend/concept.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/backend/training_extent.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/float_storage.hpp"

namespace asterism::backend {

namespace needs {

template <class B>
concept reserve_training = requires(B& device, const TrainingExtent& extent) {
  { B::training_scratch(extent) } -> std::same_as<Bytes>;
  device.reserve_training(extent);
};

template <class B>
concept clear = requires(B& device, DeviceMatrix<float> x) {
  device.clear(x);
};

template <class B>
concept store_floats = requires(B& device, DeviceMatrix<float> x, quant::FloatStorage storage,
                                DeviceMatrix<std::uint16_t> stored) {
  device.store_floats(x, storage, stored);
};

template <class B>
concept load_floats = requires(B& device, DeviceMatrix<float> x, quant::FloatStorage storage,
                               DeviceMatrix<std::uint16_t> stored) {
  device.load_floats(stored, storage, x);
};

template <class B>
concept product_backward = requires(B& device, DeviceWeights<quant::Float32> weights, DeviceMatrix<const float> dy,
                                    DeviceMatrix<float> dx) {
  device.product_backward(weights, dy, Into::add, dx);
};

template <class B>
concept weight_gradient = requires(B& device, DeviceMatrix<const float> dy, DeviceWeights<quant::Float32> dweights,
                                   DeviceWeights<quant::BFloat16> narrow, DeviceWeights<quant::Float16> half) {
  device.weight_gradient(dy, dy, dweights);
  device.weight_gradient(dy, dy, narrow);
  device.weight_gradient(dy, dy, half);
};

template <class B>
concept grouped_product_backward = requires(B& device, View<const DeviceWeights<quant::Float32>> weights,
                                            const ExpertGroups& groups, DeviceMatrix<const float> dy,
                                            DeviceMatrix<float> dx) {
  device.template grouped_product_backward<quant::Float32>(weights, groups, dy, Into::add, dx);
};

template <class B>
concept grouped_weight_gradient = requires(B& device, const ExpertGroups& groups, DeviceMatrix<const float> dy,
                                           View<const DeviceWeights<quant::Float32>> dweights,
                                           View<const DeviceWeights<quant::BFloat16>> narrow,
                                           View<const DeviceWeights<quant::Float16>> half) {
  device.template grouped_weight_gradient<quant::Float32>(groups, dy, dy, dweights);
  device.template grouped_weight_gradient<quant::BFloat16>(groups, dy, dy, narrow);
  device.template grouped_weight_gradient<quant::Float16>(groups, dy, dy, half);
};

template <class B>
concept embed_backward = requires(B& device, View<const TokenId> ids, DeviceMatrix<const float> dy,
                                  DeviceWeights<quant::Float32> dtable, DeviceWeights<quant::BFloat16> narrow,
                                  DeviceWeights<quant::Float16> half) {
  device.embed_backward(ids, dy, dtable);
  device.embed_backward(ids, dy, narrow);
  device.embed_backward(ids, dy, half);
};

template <class B>
concept rms_norm_backward = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> dx) {
  device.rms_norm_backward(x, x, 1e-5F, x, dx, dx);
};

template <class B>
concept bias_backward = requires(B& device, DeviceMatrix<const float> dy, DeviceMatrix<float> db) {
  device.bias_backward(dy, db);
};

template <class B>
concept silu_multiply_backward = requires(B& device, DeviceMatrix<const float> d, DeviceMatrix<float> x) {
  device.silu_multiply_backward(d, x, x);
};

template <class B>
concept relu_backward = requires(B& device, DeviceMatrix<const float> y, DeviceMatrix<float> d) {
  device.relu_backward(y, d);
};

template <class B>
concept rotate_backward = requires(B& device, DeviceMatrix<const float> tables, DeviceMatrix<float> d) {
  device.rotate_backward(tables, std::size_t{}, d);
};

template <class B>
concept attend_packed = requires(B& device, DeviceMatrix<const float> x, const Sequences& sequences, std::size_t n,
                                 DeviceMatrix<float> out) {
  device.attend_packed(x, x, x, n, sequences, n, out);
  device.attend_packed_backward(x, x, x, n, sequences, n, x, out, out, out);
};

template <class B>
concept combine_backward = requires(B& device, const ExpertGroups& groups,
                                    DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> x,
                                    DeviceMatrix<float> d) {
  device.combine_backward(groups, routes, x, x, d, d);
};

template <class B>
concept gather_backward = requires(B& device, const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                                   DeviceMatrix<const float> dslots, DeviceMatrix<float> dx) {
  device.gather_backward(groups, routes, dslots, dx);
};

template <class B>
concept take_rows = requires(B& device, DeviceMatrix<const float> x, View<const std::int32_t> rows,
                             DeviceMatrix<float> out) {
  device.take_rows(x, rows, out);
  device.take_rows_backward(x, rows, out);
};

template <class B>
concept cross_entropy = requires(B& device, DeviceMatrix<float> logits, View<const TokenId> targets,
                                 View<const float> weights, DeviceMatrix<float> results) {
  device.cross_entropy(logits, targets, weights, results);
};

template <class B>
concept sum_rows = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> sums) {
  device.sum_rows(x, sums);
};

template <class B>
concept router_terms = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> terms) {
  device.router_terms(x, x, terms);
};

template <class B>
concept z_loss_backward = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> dscores) {
  device.z_loss_backward(x, x, 1.0F, dscores);
};

template <class B>
concept count_choices = requires(B& device, DeviceMatrix<const gating::Route> routes,
                                 DeviceMatrix<std::int32_t> counts) {
  device.count_choices(routes, counts);
};

template <class B>
concept drop_beyond = requires(B& device, std::size_t capacity, DeviceMatrix<std::int32_t> left,
                               DeviceMatrix<gating::Route> routes) {
  device.drop_beyond(capacity, left, routes);
};

template <class B>
concept adapter_products = requires(B& device, DeviceWeights<quant::Float32> weights,
                                    View<const DeviceWeights<quant::Float32>> all, const ExpertGroups& groups,
                                    DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.product_into(weights, x, Into::add, y);
  device.template grouped_product_into<quant::Float32>(all, groups, x, Into::add, y);
  device.scale(1.0F, y);
};

template <class B, class Gating>
concept route_backward = requires(B& device, const Gating& gating, DeviceMatrix<const float> x,
                                  DeviceMatrix<const gating::Route> routes, DeviceMatrix<float> dscores) {
  device.route_backward(gating, x, x, routes, x, x, dscores);
};

}  // namespace needs

/// A backend on which models learn.
///
/// 1. `reserve_training(extent)` draws `training_scratch(extent)` bytes, before all other operations of this family; no
///    operation allocates after it.
/// 2. Each twin has the name of its operation. Gradients of rows are overwritten or added to, as documented; gradients
///    of weights are added to: they are stored as a quant::PlainFloat, and those narrower than Float32 are sums in
///    float32, rounded once a call. Vectors and routers have theirs in float32.
/// 3. They equal the derivative of the naive operation, taken in double precision, within 1e-5 of the largest element,
///    and have the same bits for any number of threads. Sums over rows have a fixed order.
/// 4. Operands and errors are as Backend's. HostTraining and BasicTrainingHost document shapes operation by operation.
///
/// Laws: tests/laws/adjoint_laws.hpp. Models: BasicTrainingHost.
template <class B>
concept Adjoint = Backend<B> && needs::reserve_training<B> && needs::clear<B> && needs::store_floats<B> &&
    needs::load_floats<B> && needs::product_backward<B> && needs::weight_gradient<B> &&
    needs::grouped_product_backward<B> && needs::grouped_weight_gradient<B> && needs::embed_backward<B> &&
    needs::rms_norm_backward<B> && needs::bias_backward<B> && needs::silu_multiply_backward<B> &&
    needs::relu_backward<B> && needs::rotate_backward<B> && needs::attend_packed<B> &&
    needs::combine_backward<B> && needs::gather_backward<B> && needs::take_rows<B> && needs::cross_entropy<B> &&
    needs::sum_rows<B> && needs::router_terms<B> && needs::z_loss_backward<B> && needs::count_choices<B> &&
    needs::drop_beyond<B> && needs::adapter_products<B>;

/// The same where routes come from a gating policy.
template <class B, class Gating>
concept RoutesBackward = Routes<B, Gating> && needs::route_backward<B, Gating>;

}  // namespace asterism::backend
