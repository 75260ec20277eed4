// Attention in which several query heads share one key/value head.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/attention/fwd.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// Projections q (heads * head_dim, hidden), k and v (kv_heads * head_dim, hidden), o (hidden, heads * head_dim)
/// in one slab, rotary positions, causal softmax attention with an optional sliding window. Filled through
/// `slab()` after construction, immutable afterwards. Source: Ainslie et al., GQA, arXiv 2305.13245.
template <class Quantization>
class GroupedQuery {
 public:
  static_assert(quant::Quantization<Quantization>);
  using Weights = backend::DeviceWeights<Quantization>;

  struct Slab {
    Weights query;
    Weights key;
    Weights value;
    Weights output;
  };

  /// Bytes of one layer's slab.
  static constexpr Bytes footprint(const Shape& shape) {
    backend::Layout cursor;
    lay_out(cursor, shape);
    return cursor.used();
  }

  /// Draws the slab, uninitialised, from a device or a backend::Region.
  template <class Memory>
  GroupedQuery(Memory& memory, const Shape& shape)
      : window_(static_cast<std::size_t>(shape.sliding_window)),
        buffer_(memory.allocate(footprint(shape), "attention")) {
    backend::Layout cursor(buffer_);
    slab_ = lay_out(cursor, shape);
  }

  const Slab& slab() const { return slab_; }

  /// Activations of a pass of `rows` tokens at most.
  struct Scratch {
    backend::DeviceMatrix<float> query;  ///< (rows, heads * head_dim)
    backend::DeviceMatrix<float> key;    ///< (rows, kv_heads * head_dim)
    backend::DeviceMatrix<float> value;  ///< (rows, kv_heads * head_dim)
    backend::DeviceMatrix<float> mixed;  ///< (rows, heads * head_dim)

    static constexpr Scratch lay_out(backend::Layout& cursor, const Shape& shape, std::size_t rows) {
      const auto query = static_cast<std::size_t>(shape.query_width());
      const auto kv = static_cast<std::size_t>(shape.kv_width());
      return {cursor.matrix<float>(rows, query), cursor.matrix<float>(rows, kv), cursor.matrix<float>(rows, kv),
              cursor.matrix<float>(rows, query)};
    }
  };

  /// out = attention of x, (n, hidden) both; out may be x. The rows belong to the sequences of `segments`, one
  /// after the other: each a struct with `rows` of them, which stand at positions first ... first + rows - 1, and
  /// `cache(device index)`, the KvCache that their keys and values go into. tables (n, head_dim): rotary tables of
  /// the rows' positions. Allocates nothing.
  template <class Device, class Segments>
  void forward(Device& device, std::int32_t layer, const Segments& segments, backend::DeviceMatrix<const float> x,
               backend::DeviceMatrix<const float> tables, const Scratch& scratch,
               backend::DeviceMatrix<float> out) const {
    const auto query = scratch.query.rows_at(0, x.rows());
    const auto key = scratch.key.rows_at(0, x.rows());
    const auto value = scratch.value.rows_at(0, x.rows());
    const auto mixed = scratch.mixed.rows_at(0, x.rows());
    const backend::Product<Quantization> projections[] = {
        {slab_.query, query}, {slab_.key, key}, {slab_.value, value}};
    device.template products<Quantization>(View<const backend::Product<Quantization>>(projections, 3), x);
    device.rotate(tables, query);
    device.rotate(tables, key);
    std::size_t row = 0;
    for (const auto& segment : segments) {
      auto& cache = segment.cache(x.device);
      cache.append(device, layer, segment.first, key.rows_at(row, segment.rows), value.rows_at(row, segment.rows));
      device.attend(query.rows_at(row, segment.rows), cache.view(layer), segment.first, window_,
                    mixed.rows_at(row, segment.rows));
      row += segment.rows;
    }
    device.product(slab_.output, mixed, out);
  }

 private:
  static constexpr Slab lay_out(backend::Layout& cursor, const Shape& shape) {
    const auto hidden = static_cast<std::uint64_t>(shape.hidden);
    const auto query = static_cast<std::uint64_t>(shape.query_width());
    const auto kv = static_cast<std::uint64_t>(shape.kv_width());
    return {cursor.weights<Quantization>(query, hidden), cursor.weights<Quantization>(kv, hidden),
            cursor.weights<Quantization>(kv, hidden), cursor.weights<Quantization>(hidden, query)};
  }

  std::size_t window_;
  backend::Buffer buffer_;
  Slab slab_;
};

}  // namespace asterism::attention
