// The contract of a backend for networks whose rows see one another in both directions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/adjoint.hpp"
#include "asterism/backend/dropout.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::backend {

namespace needs {

template <class B>
concept layer_norm = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.layer_norm(x, x, x, 1e-5F, y);
  device.layer_norm_backward(x, x, 1e-5F, x, y, y, y);
};

template <class B>
concept gelu = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.gelu(x, y);
  device.gelu_backward(x, y);
};

template <class B>
concept sigmoid = requires(B& device, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
  device.sigmoid(x, y);
  device.sigmoid_backward(x, y);
};

template <class B>
concept dropout = requires(B& device, const Dropout& from, View<const std::int32_t> rows, DeviceMatrix<float> x) {
  device.dropout(from, rows, x);
};

template <class B>
concept attend_both_ways = requires(B& device, DeviceMatrix<const float> x, const Sequences& sequences,
                                    std::size_t head_dim, DeviceMatrix<float> y) {
  device.attend_both_ways(x, sequences, x, x, sequences, head_dim, y);
  device.attend_both_ways_backward(x, sequences, x, x, sequences, head_dim, x, y, y, y);
};

template <class B>
concept weigh_by_confidence = requires(B& device, const ExpertGroups& groups,
                                       DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> x,
                                       DeviceMatrix<gating::Route> weighed, DeviceMatrix<float> d) {
  device.weigh_by_confidence(groups, routes, x, weighed);
  device.weigh_by_confidence_backward(groups, routes, x, routes, d, d);
};

template <class B>
concept squared_error = requires(B& device, MatrixView<const float> targets, View<const float> weights,
                                 DeviceMatrix<float> y) {
  device.squared_error(targets, weights, y, y);
};

}  // namespace needs

/// A backend on which encoders learn: constellations of experts that attend among their rows. Its operations come each
/// with its twin; what they share with decoders (products, `add` for biases, `relu`, dispatch) is Adjoint's, as are the
/// rules: the derivative within 1e-5 of the largest element, the same bits for any number of threads, nothing
/// allocated. HostEncoder documents shapes operation by operation.
///
/// Laws: tests/laws/encoder_adjoint_laws.hpp. Models: BasicTrainingHost.
template <class B>
concept Encoder = Adjoint<B> && needs::layer_norm<B> && needs::gelu<B> && needs::sigmoid<B> && needs::dropout<B> &&
    needs::attend_both_ways<B> && needs::weigh_by_confidence<B> && needs::squared_error<B>;

}  // namespace asterism::backend
