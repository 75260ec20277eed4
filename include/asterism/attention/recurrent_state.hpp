// What layers with linear attention remember of a sequence: a state of a fixed size, and earlier ones to go back to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "asterism/attention/fwd.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// States of a sequence at `Slots` of its positions, in fp32: the one that it has now, one that a pass writes, and
/// spares that were kept on the way; with two slots there are none. A pass reads `before` and writes `after`; only
/// `advance` makes what was written the state, so a pass that was broken off, or is repeated, leaves no trace. `trim`
/// goes back to the last position kept. One session at a time; nothing is drawn after construction. Models State.
template <int Slots>
class RecurrentState {
 public:
  static_assert(Slots >= 2, "a state is read from one slot and written to another");

  /// The state of one layer.
  struct Layer {
    backend::DeviceMatrix<float> convolution;  ///< (kernel - 1, channels): the last inputs, before the activation
    backend::DeviceMatrix<float> memory;       ///< (value_heads * key_width, value_width)
  };

  /// Bytes of all slots of one layer.
  static constexpr Bytes layer_bytes(const Shape& shape) {
    return {shape.linear_layers.empty() ? 0 : slot_bytes(shape) * std::uint64_t{Slots}};
  }

  /// For `layers` of the layers with linear attention, from the first_layer-th of them on, at position 0. Throws
  /// BudgetExceeded if they exceed the device's budget.
  template <class Device>
  RecurrentState(Device& device, const Shape& shape, std::int32_t first_layer, std::int32_t layers)
      : shape_(shape),
        first_layer_(first_layer),
        layers_(layers),
        buffer_(device.allocate(layer_bytes(shape) * static_cast<std::uint64_t>(layers), "state")) {
    clear(device);
  }

  Bytes bytes() const { return buffer_.size(); }
  /// The position of the state: tokens that it has seen.
  std::size_t position() const { return position_[current_]; }

  /// What a pass reads, and what it writes, of a layer: number among those with linear attention.
  Layer before(std::int32_t layer) const { return in_slot(current_, layer); }
  Layer after(std::int32_t layer) const { return in_slot(written_, layer); }

  /// What was written is the state, at `position`. The one before is kept if `keep` was called for it.
  void advance(std::size_t position) {
    in_use_[current_] = kept_[current_];
    current_ = written_;
    position_[current_] = position;
    in_use_[current_] = true;
    kept_[current_] = false;
    written_ = free_slot();
  }

  /// Keeps the state to go back to. Of more than there is room for the oldest is forgotten, but that of the last
  /// `keep_longest` only if it alone is left.
  void keep() { kept_[current_] = Slots > 2; }
  void keep_longest() {
    keep();
    longest_ = current_;
  }

  /// Goes back to the greatest position up to `length` of which the state is known, and returns it.
  template <class Device>
  std::size_t trim(Device& device, std::size_t length) {
    std::size_t best = Slots;
    for (std::size_t slot = 0; slot < Slots; ++slot) {
      if (!in_use_[slot] || position_[slot] > length) continue;
      if (best == Slots || position_[slot] > position_[best]) best = slot;
    }
    if (best == Slots) {
      clear(device);
      return 0;
    }
    for (std::size_t slot = 0; slot < Slots; ++slot) {
      if (position_[slot] > position_[best]) forget(slot);
    }
    current_ = best;
    written_ = free_slot();
    return position();
  }

 private:
  static constexpr std::size_t inputs(const Shape& shape) {
    return static_cast<std::size_t>(shape.delta_net.kernel - 1);
  }
  static constexpr std::size_t channels(const Shape& shape) {
    return static_cast<std::size_t>(shape.delta_net.channels());
  }
  static constexpr std::size_t keys(const Shape& shape) {
    return static_cast<std::size_t>(shape.delta_net.value_heads) *
           static_cast<std::size_t>(shape.delta_net.key_width);
  }
  static constexpr std::size_t width(const Shape& shape) {
    return static_cast<std::size_t>(shape.delta_net.value_width);
  }
  static constexpr std::uint64_t convolution_bytes(const Shape& shape) {
    return aligned(inputs(shape) * channels(shape) * sizeof(float));
  }
  static constexpr std::uint64_t slot_bytes(const Shape& shape) {
    return convolution_bytes(shape) + aligned(keys(shape) * width(shape) * sizeof(float));
  }

  Layer in_slot(std::size_t slot, std::int32_t layer) const {
    const std::size_t at = static_cast<std::size_t>(layer - first_layer_) * Slots + slot;
    const std::uint64_t first = at * slot_bytes(shape_);
    return {.convolution = backend::matrix_in<float>(buffer_, first, inputs(shape_), channels(shape_)),
            .memory = backend::matrix_in<float>(buffer_, first + convolution_bytes(shape_), keys(shape_),
                                                width(shape_))};
  }

  /// Where the next pass may write: a slot that is free, or else the oldest one kept.
  std::size_t free_slot() {
    std::size_t oldest = Slots;
    for (std::size_t slot = 0; slot < Slots; ++slot) {
      if (!in_use_[slot]) return slot;
      if (slot == current_ || slot == longest_) continue;
      if (oldest == Slots || position_[slot] < position_[oldest]) oldest = slot;
    }
    if (oldest == Slots) oldest = longest_;
    forget(oldest);
    return oldest;
  }

  void forget(std::size_t slot) {
    in_use_[slot] = kept_[slot] = false;
    if (slot == longest_) longest_ = Slots;
  }

  /// The state of position 0 is zero.
  template <class Device>
  void clear(Device& device) {
    in_use_ = kept_ = {};
    longest_ = Slots;
    position_ = {};
    current_ = 0;
    in_use_[0] = true;
    written_ = 1;
    for (std::int32_t layer = first_layer_; layer < first_layer_ + layers_; ++layer) {
      const auto zero = [&](const backend::DeviceMatrix<float>& matrix) {
        device.write(matrix, [](const backend::DeviceMatrix<float>& host) {
          for (std::size_t i = 0; i < host.rows(); ++i) {
            for (float& value : host.view.row(i)) value = 0;
          }
        });
      };
      zero(before(layer).convolution);
      zero(before(layer).memory);
    }
  }

  Shape shape_;
  std::int32_t first_layer_;
  std::int32_t layers_;
  backend::Buffer buffer_;
  std::array<std::size_t, Slots> position_{};
  std::array<bool, Slots> in_use_{};  ///< holds a state that can be gone back to
  std::array<bool, Slots> kept_{};    ///< stays when a pass has gone on from it
  std::size_t current_ = 0;
  std::size_t written_ = 1;
  std::size_t longest_ = Slots;  ///< of the last `keep_longest`; Slots: none
};

}  // namespace asterism::attention
