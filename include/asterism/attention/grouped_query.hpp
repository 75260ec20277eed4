// Attention in which several query heads share one key/value head.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/attention/attend.hpp"
#include "asterism/attention/fwd.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/layer_formats.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// Projections q (heads * head_dim, hidden), k and v (kv_heads * head_dim, hidden), o (hidden, heads * head_dim)
/// in one slab, rotary positions, causal softmax attention. The shape may ask for biases of all four, for RMSNorm over
/// each head of queries and keys before the rotation, for a rotation of the first elements of each head alone, for a
/// sliding window, and for a gate: q then has (heads * 2 * head_dim) rows, each head's query before its gate, whose
/// sigmoid multiplies what the head answers before o. Filled through `slab()` after construction, immutable afterwards.
/// Sources: Ainslie et al., GQA, arXiv 2305.13245; transformers, `Qwen3NextAttention`.
template <class Quantization>
class GroupedQuery {
 public:
  static_assert(quant::WeightFormat<Quantization>);
  using Weights = backend::DeviceWeights<Quantization>;

  static constexpr bool is_recurrent = false;
  static constexpr const char* name = "GroupedQuery";
  static constexpr const char* holder = "attention";
  /// `forward` takes the adapters of a pass.
  static constexpr bool takes_adapters = true;

  /// The layers of a shape that it mixes.
  static constexpr LayerSet layers(const Shape& shape) { return shape.attention_layers(); }

  struct Slab {
    Weights query;
    Weights key;
    Weights value;
    // (1, n) each, or empty where the shape has none.
    backend::DeviceMatrix<float> query_bias;
    backend::DeviceMatrix<float> key_bias;
    backend::DeviceMatrix<float> value_bias;
    backend::DeviceMatrix<float> query_norm;
    backend::DeviceMatrix<float> key_norm;
    Weights output;
    backend::DeviceMatrix<float> output_bias;
  };

  /// Bytes of one layer's slab.
  static constexpr Bytes footprint(const Shape& shape, const quant::LayerFormats& formats = {}) {
    backend::Layout cursor;
    lay_out(cursor, shape, formats);
    return cursor.used();
  }

  /// Draws the slab, uninitialised, from a device or a backend::Region.
  template <class Memory>
  GroupedQuery(Memory& memory, const Shape& shape, const quant::LayerFormats& formats = {})
      : window_(static_cast<std::size_t>(shape.sliding_window)),
        head_dim_(static_cast<std::size_t>(shape.head_dim)),
        has_gate_(shape.attention_gate),
        has_bias_(shape.attention_bias),
        has_norm_(shape.qk_norm),
        epsilon_(static_cast<float>(shape.rms_epsilon)),
        buffer_(memory.allocate(footprint(shape, formats), holder)) {
    backend::Layout cursor(buffer_);
    slab_ = lay_out(cursor, shape, formats);
  }

  const Slab& slab() const { return slab_; }

  /// Activations of a pass of `rows` tokens at most.
  struct Scratch {
    backend::DeviceMatrix<float> query;  ///< (rows, heads * head_dim)
    backend::DeviceMatrix<float> key;    ///< (rows, kv_heads * head_dim)
    backend::DeviceMatrix<float> value;  ///< (rows, kv_heads * head_dim)
    backend::DeviceMatrix<float> mixed;  ///< (rows, heads * head_dim)
    // Empty without a gate:
    backend::DeviceMatrix<float> gated;  ///< (rows, heads * 2 * head_dim): queries and gates as they are projected
    backend::DeviceMatrix<float> gate;   ///< (rows, heads * head_dim)

    static constexpr Scratch lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
      const auto query = static_cast<std::size_t>(shape.query_width());
      const auto kv = static_cast<std::size_t>(shape.kv_width());
      const std::size_t gate = shape.attention_gate ? query : 0;
      return {cursor.matrix<float>(rows, query),    cursor.matrix<float>(rows, kv),
              cursor.matrix<float>(rows, kv),       cursor.matrix<float>(rows, query),
              cursor.matrix<float>(rows, 2 * gate), cursor.matrix<float>(rows, gate)};
    }
  };

  /// out = attention of x, (n, hidden) both; out may be x. The rows belong to the sequences of `segments`, one
  /// after the other: each a struct with `rows` of them, which stand at positions first ... first + rows - 1, and
  /// `cache(device index)`, the KvCache that their keys and values go into. tables (n, rotary width): rotary tables
  /// of the rows' positions. `adapters`, unless NoHook, adds to the products of layer `layer`: see
  /// model::PassAdapters. Allocates nothing.
  template <class Device, class Segments, class Adapters = NoHook>
  void forward(Device& device, std::int32_t layer, const Segments& segments, backend::DeviceMatrix<const float> x,
               backend::DeviceMatrix<const float> tables, const Scratch& scratch, backend::DeviceMatrix<float> out,
               [[maybe_unused]] const Adapters& adapters = {}) const {
    const auto query = scratch.query.rows_at(0, x.rows());
    const auto key = scratch.key.rows_at(0, x.rows());
    const auto value = scratch.value.rows_at(0, x.rows());
    const auto mixed = scratch.mixed.rows_at(0, x.rows());
    const auto gate = scratch.gate.rows_at(0, x.rows());
    const auto projected = has_gate_ ? scratch.gated.rows_at(0, x.rows()) : query;
    const backend::Product<Quantization> projections[] = {
        {slab_.query, projected}, {slab_.key, key}, {slab_.value, value}};
    device.template products<Quantization>(View<const backend::Product<Quantization>>(projections, 3), x);
    if constexpr (is_hook<Adapters>) adapters.add_to_projections(device, layer, x, projected, key, value);
    if (has_bias_) {
      device.add(slab_.query_bias, projected);
      device.add(slab_.key_bias, key);
      device.add(slab_.value_bias, value);
    }
    if (has_gate_) device.split(projected, head_dim_, query, gate);
    if (has_norm_) {
      norm_heads(device, slab_.query_norm, query);
      norm_heads(device, slab_.key_norm, key);
    }
    device.rotate(tables, head_dim_, query);
    device.rotate(tables, head_dim_, key);
    std::size_t row = 0;
    for (const auto& segment : segments) {
      auto& cache = segment.cache(x.device);
      cache.append(device, layer, segment.first, key.rows_at(row, segment.rows), value.rows_at(row, segment.rows));
      attend(device, cache, layer, segment.first, window_, query.rows_at(row, segment.rows),
             mixed.rows_at(row, segment.rows));
      row += segment.rows;
    }
    if (has_gate_) device.sigmoid_multiply(gate, mixed);
    device.product(slab_.output, mixed, out);
    if constexpr (is_hook<Adapters>) adapters.add_to_output(device, layer, mixed, out);
    if (has_bias_) device.add(slab_.output_bias, out);
  }

 private:
  template <class Device>
  void norm_heads(Device& device, backend::DeviceMatrix<const float> weight,
                  backend::DeviceMatrix<float> x) const {
    const auto heads = x.in_rows_of(weight.cols());
    device.rms_norm(heads, weight, epsilon_, heads);
  }

  static constexpr Slab lay_out(backend::Layout& cursor, const Shape& shape, const quant::LayerFormats& formats) {
    const auto hidden = static_cast<std::uint64_t>(shape.hidden);
    const auto query = static_cast<std::uint64_t>(shape.query_rows());
    const auto kv = static_cast<std::uint64_t>(shape.kv_width());
    const auto vector = [&](bool is_there, std::uint64_t size) {
      return is_there ? cursor.matrix<float>(1, static_cast<std::size_t>(size)) : backend::DeviceMatrix<float>{};
    };
    const auto head = static_cast<std::uint64_t>(shape.head_dim);
    return {.query = cursor.weights<Quantization>(query, hidden, formats.query),
            .key = cursor.weights<Quantization>(kv, hidden, formats.key),
            .value = cursor.weights<Quantization>(kv, hidden, formats.value),
            .query_bias = vector(shape.attention_bias, query),
            .key_bias = vector(shape.attention_bias, kv),
            .value_bias = vector(shape.attention_bias, kv),
            .query_norm = vector(shape.qk_norm, head),
            .key_norm = vector(shape.qk_norm, head),
            .output = cursor.weights<Quantization>(hidden, static_cast<std::uint64_t>(shape.query_width()),
                                                   formats.output),
            .output_bias = vector(shape.attention_bias, hidden)};
  }

  std::size_t window_;
  std::size_t head_dim_;
  bool has_gate_;
  bool has_bias_;
  bool has_norm_;
  float epsilon_;
  backend::Buffer buffer_;
  Slab slab_;
};

}  // namespace asterism::attention
