// One layer: attention and experts, each behind a norm and beside a residual.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/cursor.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/model/fwd.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// h += attention(norm(h)); h += constellation(norm(h)). Filled after construction, immutable afterwards.
template <class AttentionType, class ConstellationType>
class DecoderBlock {
 public:
  using Attention = AttentionType;
  using Constellation = ConstellationType;

  /// The weights of both norms, (1, hidden) each.
  struct Norms {
    backend::DeviceMatrix<float> attention;
    backend::DeviceMatrix<float> experts;

    static constexpr Norms lay_out(backend::Cursor& cursor, const Shape& shape) {
      const auto hidden = static_cast<std::size_t>(shape.hidden);
      return {cursor.matrix<float>(1, hidden), cursor.matrix<float>(1, hidden)};
    }
  };

  static constexpr Bytes norm_bytes(const Shape& shape) {
    backend::Cursor cursor;
    Norms::lay_out(cursor, shape);
    return cursor.used();
  }

  template <class Device>
  DecoderBlock(Device& device, const Shape& shape)
      : epsilon_(static_cast<float>(shape.rms_epsilon)),
        norm_buffer_(device.allocate(norm_bytes(shape), "norms")),
        attention_(device, shape),
        constellation_(device, shape) {
    backend::Cursor cursor(norm_buffer_);
    norms_ = Norms::lay_out(cursor, shape);
  }

  const Norms& norms() const { return norms_; }
  const Attention& attention() const { return attention_; }
  const Constellation& constellation() const { return constellation_; }

  /// Passes hidden (n, hidden), rows at positions first ... first + n - 1, through the layer in place.
  template <class Device, class KvCache, class Workspace, class Observer>
  void forward(Device& device, std::int32_t layer, std::size_t first, backend::DeviceMatrix<float> hidden,
               KvCache& cache, const Workspace& workspace, Observer& observer) const {
    const auto normed = workspace.normed.rows_from(0, hidden.rows());
    const auto tables = workspace.tables.rows_from(0, hidden.rows());
    device.rms_norm(hidden, norms_.attention, epsilon_, normed);
    attention_.forward(device, layer, first, normed, tables, cache, workspace.attention, normed);
    device.add(normed, hidden);
    device.rms_norm(hidden, norms_.experts, epsilon_, normed);
    const auto routes = constellation_.forward(device, normed, workspace.constellation, hidden);
    for (std::size_t i = 0; i < routes.rows(); ++i) {
      const auto position = static_cast<std::int32_t>(first + i);
      observer.scored(layer, position, workspace.constellation.logits.view.row(i));
      for (const auto& route : routes.view.row(i)) observer.routed(layer, position, route.expert, route.weight);
    }
  }

 private:
  float epsilon_;
  backend::Buffer norm_buffer_;
  Norms norms_;
  Attention attention_;
  Constellation constellation_;
};

}  // namespace asterism::model
