// The CPU's share of networks that look both ways: norms with a mean, GELU, attention without a mask, dropout, and
// their backward twins.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/dropout.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/host_training.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/parallel/execution_ref.hpp"

namespace asterism::backend {

/// Operations of encoders, each with its twin, beside those of HostTraining, whose memory and order of sums they share.
/// Biases are `add` of one row and `bias_backward`. Models Encoder together with a host. Not thread-safe.
class HostEncoder : public HostTraining {
 public:
  /// y(i, :) = weight * (x(i, :) - mean) / sqrt(variance + epsilon) + bias; x and y (n, cols), y may be x; weight and
  /// bias (1, cols). Source: Ba, Kiros, Hinton, Layer Normalization, arXiv 1607.06450.
  void layer_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, DeviceMatrix<const float> bias,
                  float epsilon, DeviceMatrix<float> y);

  /// dx += gradient of x, dweight and dbias (1, cols) += theirs, from dy (n, cols). Without rows in these the norm is
  /// frozen.
  void layer_norm_backward(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, float epsilon,
                           DeviceMatrix<const float> dy, DeviceMatrix<float> dx, DeviceMatrix<float> dweight,
                           DeviceMatrix<float> dbias);

  /// y = x Phi(x), with the error function; equal shapes, y may be x. See linalg::gelu.
  void gelu(DeviceMatrix<const float> x, DeviceMatrix<float> y);

  /// d, the gradient of gelu(x), becomes that of x; equal shapes.
  void gelu_backward(DeviceMatrix<const float> x, DeviceMatrix<float> d);

  /// y = 1 / (1 + exp(-x)), equal shapes, y may be x.
  void sigmoid(DeviceMatrix<const float> x, DeviceMatrix<float> y);

  /// d, the gradient of y = sigmoid(x), becomes that of x; equal shapes.
  void sigmoid_backward(DeviceMatrix<const float> y, DeviceMatrix<float> d);

  /// Elements of x fall out, in place; row i draws as number rows[i]. Its own twin: what is called again with the
  /// gradient. x (n, cols), rows (n).
  void dropout(const Dropout& from, View<const std::int32_t> rows, DeviceMatrix<float> x);

  /// Attention without a mask: each row of sequence i of `of_queries` sees all rows of sequence i of `of_keys`, of
  /// which there are as many. The same twice: attention within sequences, in both directions; one sequence each: rows
  /// attend to other rows. queries and out (n, heads * head_dim), keys and values (m, kv_heads * head_dim). Scores are
  /// scaled by head_dim^-1/2. No sequence of keys is longer than was reserved. Bits of a row depend on it and the rows
  /// that it sees alone.
  void attend_both_ways(DeviceMatrix<const float> queries, const Sequences& of_queries,
                        DeviceMatrix<const float> keys, DeviceMatrix<const float> values, const Sequences& of_keys,
                        std::size_t head_dim, DeviceMatrix<float> out);

  /// From dout, the gradient of what `attend_both_ways` made of the same operands, those of queries, keys and values,
  /// which are overwritten. Probabilities are computed again.
  void attend_both_ways_backward(DeviceMatrix<const float> queries, const Sequences& of_queries,
                                 DeviceMatrix<const float> keys, DeviceMatrix<const float> values,
                                 const Sequences& of_keys, std::size_t head_dim, DeviceMatrix<const float> dout,
                                 DeviceMatrix<float> dqueries, DeviceMatrix<float> dkeys,
                                 DeviceMatrix<float> dvalues);

  /// weighed(i, j) = the choice routes(i, j), its weight w_j c_j / (sum over the row of w_j c_j + 1e-8), with c_j what
  /// the chosen expert says of its answer; confidences (slots, 1) >= 0, routes and weighed (n, k), none dropped.
  /// weighed may be routes.
  void weigh_by_confidence(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                           DeviceMatrix<const float> confidences, DeviceMatrix<gating::Route> weighed);

  /// Its twin: from the gradient of the new weights, dweights (n, k), that of the old ones, in place, and
  /// dconfidences (slots, 1), overwritten. `weighed` is not `routes` here.
  void weigh_by_confidence_backward(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                                    DeviceMatrix<const float> confidences,
                                    DeviceMatrix<const gating::Route> weighed, DeviceMatrix<float> dweights,
                                    DeviceMatrix<float> dconfidences);

  /// y (n, cols) becomes the gradient of the sum of weights[i] * |y(i, :) - targets(i, :)|^2, terms (1, n) its terms.
  void squared_error(MatrixView<const float> targets, View<const float> weights, DeviceMatrix<float> y,
                     DeviceMatrix<float> terms);

 protected:
  using HostTraining::HostTraining;
  ~HostEncoder() = default;
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/host_encoder_impl.hpp"
#endif
