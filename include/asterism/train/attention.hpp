// Attention that learns, over packed sequences.
#pragma once

#include <cstddef>

#include "asterism/attention/grouped_query.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::train {

/// What attention leaves for its gradient, for one layer.
struct AttentionSaved {
  backend::DeviceMatrix<float> query;      ///< (rows, heads * head_dim): rotated
  backend::DeviceMatrix<float> key;        ///< (rows, kv_heads * head_dim): rotated
  backend::DeviceMatrix<float> value;      ///< (rows, kv_heads * head_dim)
  backend::DeviceMatrix<float> mixed;      ///< (rows, heads * head_dim): what the output's matrix multiplies
  backend::DeviceMatrix<float> raw_query;  ///< before the norm of each head; no rows where the shape has none
  backend::DeviceMatrix<float> raw_key;

  static constexpr AttentionSaved lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    const auto query = static_cast<std::size_t>(shape.query_width());
    const auto kv = static_cast<std::size_t>(shape.kv_width());
    const std::size_t raw = shape.qk_norm ? rows : 0;
    return {cursor.matrix<float>(rows, query), cursor.matrix<float>(rows, kv),    cursor.matrix<float>(rows, kv),
            cursor.matrix<float>(rows, query), cursor.matrix<float>(raw, query), cursor.matrix<float>(raw, kv)};
  }
};

/// Gradients of these on the way back; all layers share them.
struct AttentionWork {
  backend::DeviceMatrix<float> query;
  backend::DeviceMatrix<float> key;
  backend::DeviceMatrix<float> value;
  backend::DeviceMatrix<float> mixed;
  backend::DeviceMatrix<float> raw_query;
  backend::DeviceMatrix<float> raw_key;

  static constexpr AttentionWork lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
    const AttentionSaved same = AttentionSaved::lay_out(cursor, shape, rows);
    return {same.query, same.key, same.value, same.mixed, same.raw_query, same.raw_key};
  }
};

/// The arithmetic of attention::GroupedQuery, without keys and values of earlier passes: each row attends to its own
/// sequence, whose first row is at position 0. Shapes may ask for biases, norms of heads, a window and a rotation of
/// the first elements of each head alone; not for a gate.
///
/// @tparam Quantization  format of the matrices
template <class Quantization>
class Attention {
 public:
  using Slab = typename attention::GroupedQuery<Quantization>::Slab;

  constexpr explicit Attention(const Shape& shape)
      : head_dim_(static_cast<std::size_t>(shape.head_dim)),
        window_(static_cast<std::size_t>(shape.sliding_window)),
        has_bias_(shape.attention_bias),
        has_norm_(shape.qk_norm),
        epsilon_(static_cast<float>(shape.rms_epsilon)) {}

  /// out = attention of x, (n, hidden) both, with rotary tables (n, rotary width) of the rows' positions.
  template <class Device>
  void forward(Device& device, const Slab& slab, const backend::Sequences& sequences,
               backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> tables,
               const AttentionSaved& saved, backend::DeviceMatrix<float> out) const {
    const auto query = has_norm_ ? saved.raw_query : saved.query;
    const auto key = has_norm_ ? saved.raw_key : saved.key;
    const backend::Product<Quantization> projections[] = {
        {slab.query, query}, {slab.key, key}, {slab.value, saved.value}};
    device.template products<Quantization>(View<const backend::Product<Quantization>>(projections, 3), x);
    if (has_bias_) {
      device.add(slab.query_bias, query);
      device.add(slab.key_bias, key);
      device.add(slab.value_bias, saved.value);
    }
    if (has_norm_) {
      device.rms_norm(heads(query), slab.query_norm, epsilon_, heads(saved.query));
      device.rms_norm(heads(key), slab.key_norm, epsilon_, heads(saved.key));
    }
    device.rotate(tables, head_dim_, saved.query);
    device.rotate(tables, head_dim_, saved.key);
    device.attend_packed(saved.query, saved.key, saved.value, head_dim_, sequences, window_, saved.mixed);
    device.product(slab.output, saved.mixed, out);
    if (has_bias_) device.add(slab.output_bias, out);
  }

  /// From dy (n, hidden), the gradient of `forward`: dx (n, hidden), overwritten; those of the weights are added to
  /// `gradients`.
  template <class Device>
  void backward(Device& device, const Slab& slab, const Slab& gradients, const backend::Sequences& sequences,
                backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> tables,
                const AttentionSaved& saved, const AttentionWork& d, backend::DeviceMatrix<const float> dy,
                backend::DeviceMatrix<float> dx) const {
    if (has_bias_) device.bias_backward(dy, gradients.output_bias);
    device.weight_gradient(dy, saved.mixed, gradients.output);
    device.product_backward(slab.output, dy, backend::Into::overwrite, d.mixed);
    device.attend_packed_backward(saved.query, saved.key, saved.value, head_dim_, sequences, window_, d.mixed,
                                  d.query, d.key, d.value);
    device.rotate_backward(tables, head_dim_, d.query);
    device.rotate_backward(tables, head_dim_, d.key);
    if (has_norm_) {
      norm_backward(device, saved.raw_query, slab.query_norm, d.query, d.raw_query, gradients.query_norm);
      norm_backward(device, saved.raw_key, slab.key_norm, d.key, d.raw_key, gradients.key_norm);
    }
    const auto dquery = has_norm_ ? d.raw_query : d.query;
    const auto dkey = has_norm_ ? d.raw_key : d.key;
    if (has_bias_) {
      device.bias_backward(dquery, gradients.query_bias);
      device.bias_backward(dkey, gradients.key_bias);
      device.bias_backward(d.value, gradients.value_bias);
    }
    device.weight_gradient(dquery, x, gradients.query);
    device.weight_gradient(dkey, x, gradients.key);
    device.weight_gradient(d.value, x, gradients.value);
    device.product_backward(slab.query, dquery, backend::Into::overwrite, dx);
    device.product_backward(slab.key, dkey, backend::Into::add, dx);
    device.product_backward(slab.value, d.value, backend::Into::add, dx);
  }

 private:
  template <class T>
  backend::DeviceMatrix<T> heads(const backend::DeviceMatrix<T>& x) const {
    return x.in_rows_of(head_dim_);
  }

  template <class Device>
  void norm_backward(Device& device, backend::DeviceMatrix<const float> x, backend::DeviceMatrix<const float> weight,
                     backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dx,
                     backend::DeviceMatrix<float> dweight) const {
    device.clear(dx);
    device.rms_norm_backward(heads(x), weight, epsilon_, heads(dy), heads(dx), dweight);
  }

  std::size_t head_dim_;
  std::size_t window_;
  bool has_bias_;
  bool has_norm_;
  float epsilon_;
};

}  // namespace asterism::train
