// Attention that learns, over packed sequences.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/attention/grouped_query.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/linear.hpp"

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
    return {cursor.matrix<float>(rows, query), cursor.matrix<float>(rows, kv),   cursor.matrix<float>(rows, kv),
            cursor.matrix<float>(rows, query), cursor.matrix<float>(raw, query), cursor.matrix<float>(raw, kv)};
  }
};

/// Gradients of these on the way back, and memory of adapters; all layers share them.
struct AttentionWork {
  backend::DeviceMatrix<float> query;
  backend::DeviceMatrix<float> key;
  backend::DeviceMatrix<float> value;
  backend::DeviceMatrix<float> mixed;
  backend::DeviceMatrix<float> raw_query;
  backend::DeviceMatrix<float> raw_key;
  LowRankWork low_rank;

  static constexpr AttentionWork lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows,
                                         std::int32_t rank) {
    const AttentionSaved same = AttentionSaved::lay_out(cursor, shape, rows);
    return {same.query,
            same.key,
            same.value,
            same.mixed,
            same.raw_query,
            same.raw_key,
            LowRankWork::lay_out(cursor, rows, static_cast<std::size_t>(rank))};
  }
};

/// The arithmetic of attention::GroupedQuery, without keys and values of earlier passes: each row attends to its own
/// sequence, whose first row is at position 0. Shapes may ask for biases, norms of heads, a window and a rotation of
/// the first elements of each head alone; not for a gate.
///
/// @tparam Quantization    format of the matrices
/// @tparam GradientFormat  of their gradients
template <class Quantization, class GradientFormat = quant::Float32>
class Attention {
 public:
  using Slab = typename attention::GroupedQuery<Quantization>::Slab;
  using Gradients = typename attention::GroupedQuery<GradientFormat>::Slab;

  /// `gradients`: of a slab whose weights learn, empty where they are frozen. `adapters` and their gradients may be
  /// empty.
  Attention(const Shape& shape, const Slab& slab, const Gradients& gradients, const AdapterLayer& adapters,
            const AdapterLayer& adapter_gradients)
      : slab_(slab),
        gradients_(gradients),
        query_{slab.query, gradients.query, adapters.query, adapter_gradients.query},
        key_{slab.key, gradients.key, adapters.key, adapter_gradients.key},
        value_{slab.value, gradients.value, adapters.value, adapter_gradients.value},
        output_{slab.output, gradients.output, adapters.output, adapter_gradients.output},
        head_dim_(static_cast<std::size_t>(shape.head_dim)),
        window_(static_cast<std::size_t>(shape.sliding_window)),
        has_bias_(shape.attention_bias),
        has_norm_(shape.qk_norm),
        epsilon_(static_cast<float>(shape.rms_epsilon)) {}

  /// out = attention of x, (n, hidden) both, with rotary tables (n, rotary width) of the rows' positions.
  template <class Device>
  void forward(Device& device, const backend::Sequences& sequences, backend::DeviceMatrix<const float> x,
               backend::DeviceMatrix<const float> tables, const AttentionSaved& saved, const AttentionWork& work,
               backend::DeviceMatrix<float> out) const {
    const auto query = has_norm_ ? saved.raw_query : saved.query;
    const auto key = has_norm_ ? saved.raw_key : saved.key;
    query_.forward(device, x, work.low_rank, query);
    key_.forward(device, x, work.low_rank, key);
    value_.forward(device, x, work.low_rank, saved.value);
    if (has_bias_) {
      device.add(slab_.query_bias, query);
      device.add(slab_.key_bias, key);
      device.add(slab_.value_bias, saved.value);
    }
    if (has_norm_) {
      device.rms_norm(heads(query), slab_.query_norm, epsilon_, heads(saved.query));
      device.rms_norm(heads(key), slab_.key_norm, epsilon_, heads(saved.key));
    }
    device.rotate(tables, head_dim_, saved.query);
    device.rotate(tables, head_dim_, saved.key);
    device.attend_packed(saved.query, saved.key, saved.value, head_dim_, sequences, window_, saved.mixed);
    output_.forward(device, saved.mixed, work.low_rank, out);
    if (has_bias_) device.add(slab_.output_bias, out);
  }

  /// From dy (n, hidden), the gradient of `forward`: dx (n, hidden), overwritten; those of what learns are added to.
  template <class Device>
  void backward(Device& device, const backend::Sequences& sequences, backend::DeviceMatrix<const float> x,
                backend::DeviceMatrix<const float> tables, const AttentionSaved& saved, const AttentionWork& d,
                backend::DeviceMatrix<const float> dy, backend::DeviceMatrix<float> dx) const {
    bias_backward(device, dy, gradients_.output_bias);
    output_.backward(device, saved.mixed, dy, d.low_rank, backend::Into::overwrite, d.mixed);
    device.attend_packed_backward(saved.query, saved.key, saved.value, head_dim_, sequences, window_, d.mixed,
                                  d.query, d.key, d.value);
    device.rotate_backward(tables, head_dim_, d.query);
    device.rotate_backward(tables, head_dim_, d.key);
    if (has_norm_) {
      norm_backward(device, saved.raw_query, slab_.query_norm, d.query, d.raw_query, gradients_.query_norm);
      norm_backward(device, saved.raw_key, slab_.key_norm, d.key, d.raw_key, gradients_.key_norm);
    }
    const auto dquery = has_norm_ ? d.raw_query : d.query;
    const auto dkey = has_norm_ ? d.raw_key : d.key;
    bias_backward(device, dquery, gradients_.query_bias);
    bias_backward(device, dkey, gradients_.key_bias);
    bias_backward(device, d.value, gradients_.value_bias);
    query_.backward(device, x, dquery, d.low_rank, backend::Into::overwrite, dx);
    key_.backward(device, x, dkey, d.low_rank, backend::Into::add, dx);
    value_.backward(device, x, d.value, d.low_rank, backend::Into::add, dx);
  }

 private:
  template <class T>
  backend::DeviceMatrix<T> heads(const backend::DeviceMatrix<T>& x) const {
    return x.in_rows_of(head_dim_);
  }

  template <class Device>
  static void bias_backward(Device& device, backend::DeviceMatrix<const float> dy,
                            const backend::DeviceMatrix<float>& gradient) {
    if (gradient.rows() > 0) device.bias_backward(dy, gradient);
  }

  template <class Device>
  void norm_backward(Device& device, backend::DeviceMatrix<const float> x,
                     backend::DeviceMatrix<const float> weight, backend::DeviceMatrix<const float> dy,
                     backend::DeviceMatrix<float> dx, backend::DeviceMatrix<float> dweight) const {
    device.clear(dx);
    device.rms_norm_backward(heads(x), weight, epsilon_, heads(dy), heads(dx), dweight);
  }

  Slab slab_;
  Gradients gradients_;
  Linear<Quantization, GradientFormat> query_;
  Linear<Quantization, GradientFormat> key_;
  Linear<Quantization, GradientFormat> value_;
  Linear<Quantization, GradientFormat> output_;
  std::size_t head_dim_;
  std::size_t window_;
  bool has_bias_;
  bool has_norm_;
  float epsilon_;
};

}  // namespace asterism::train
