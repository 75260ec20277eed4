// One layer: attention and experts, each after a norm and added to the residual stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/model/fwd.hpp"
#include "asterism/observe/none.hpp"
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

    static constexpr Norms lay_out(backend::Layout& cursor, const Shape& shape) {
      const auto hidden = static_cast<std::size_t>(shape.hidden);
      return {cursor.matrix<float>(1, hidden), cursor.matrix<float>(1, hidden)};
    }
  };

  static constexpr Bytes norm_bytes(const Shape& shape) {
    backend::Layout cursor;
    Norms::lay_out(cursor, shape);
    return cursor.used();
  }

  /// Draws norms, attention and constellation, in this order, from a device or a backend::Region.
  template <class Memory>
  DecoderBlock(Memory& memory, const Shape& shape, const typename Constellation::GatingPolicy& gating)
      : epsilon_(static_cast<float>(shape.rms_epsilon)),
        norm_buffer_(memory.allocate(norm_bytes(shape), "norms")),
        attention_(memory, shape),
        constellation_(memory, shape, gating) {
    backend::Layout cursor(norm_buffer_);
    norms_ = Norms::lay_out(cursor, shape);
  }

  const Norms& norms() const { return norms_; }
  const Attention& attention() const { return attention_; }
  const Constellation& constellation() const { return constellation_; }

  /// Passes hidden (n, hidden), the rows of `segments` one after the other, through the layer in place. Each
  /// segment's observer hears of its rows.
  template <class Device, class Segments>
  void forward(Device& device, std::int32_t layer, const Segments& segments, backend::DeviceMatrix<float> hidden,
               const LayerWorkspace<DecoderBlock>& workspace) const {
    const auto normed = workspace.normed.rows_at(0, hidden.rows());
    const auto tables = workspace.tables.rows_at(0, hidden.rows());
    device.rms_norm(hidden, norms_.attention, epsilon_, normed);
    attention_.forward(device, layer, segments, normed, tables, workspace.attention, normed);
    device.add(normed, hidden);
    device.rms_norm(hidden, norms_.experts, epsilon_, normed);
    [[maybe_unused]] const auto routes = constellation_.forward(device, normed, workspace.constellation, hidden);
    if constexpr (!std::is_same_v<SegmentObserver<Segments>, observe::None>) {
      tell(device, layer, segments, workspace.constellation.logits.rows_at(0, hidden.rows()), routes);
    }
  }

 private:
  template <class Segments>
  using SegmentObserver = std::remove_cvref_t<decltype(*std::declval<Segments>().begin()->observer)>;

  /// Waits for the device: a run that nobody observes never comes here.
  template <class Device, class Segments>
  static void tell(Device& device, std::int32_t layer, const Segments& segments,
                   backend::DeviceMatrix<const float> logits,
                   backend::DeviceMatrix<const gating::Route> all_routes) {
    const auto [probabilities, routes] = device.read(logits, all_routes);
    std::size_t row = 0;
    for (const auto& segment : segments) {
      for (std::size_t i = 0; i < segment.rows; ++i, ++row) {
        const auto position = static_cast<std::int32_t>(segment.first + i);
        segment.observer->scored(layer, position, probabilities.row(row));
        for (const auto& route : routes.row(row)) {
          segment.observer->routed(layer, position, route.expert, route.weight);
        }
      }
    }
  }

  float epsilon_;
  backend::Buffer norm_buffer_;
  Norms norms_;
  Attention attention_;
  Constellation constellation_;
};

}  // namespace asterism::model
