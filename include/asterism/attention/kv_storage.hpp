// The memory of a key/value cache: one buffer for consecutive layers of a device.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/attention/fwd.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// Two blocks (kv_heads, slots, head_dim) in Format for each layer, keys and values, drawn once. The building
/// block of key/value caches; it does not know which position is in which slot.
template <class Format>
class KvStorage {
 public:
  /// Bytes of one layer with `slots` slots: the size model of plans and of this class.
  static constexpr Bytes layer_bytes(const Shape& shape, std::size_t slots) {
    return {2 * block_bytes(shape, slots)};
  }

  /// For layers [first_layer, first_layer + layers) of `device`. Throws BudgetExceeded if they exceed its budget.
  template <class Device>
  KvStorage(Device& device, const Shape& shape, std::size_t slots, std::int32_t first_layer, std::int32_t layers)
      : shape_(shape),
        slots_(slots),
        first_layer_(first_layer),
        buffer_(device.allocate(layer_bytes(shape, slots) * static_cast<std::uint64_t>(layers), "KV cache")) {}

  std::size_t slots() const { return slots_; }
  Bytes bytes() const { return buffer_.size(); }

  /// The blocks of a layer; all positions are visible, and position p is in slot p.
  backend::KvView<Format> layer(std::int32_t layer) const {
    const std::uint64_t block = block_bytes(shape_, slots_);
    std::byte* keys = buffer_.data() + static_cast<std::uint64_t>(layer - first_layer_) * 2 * block;
    return {.keys = keys,
            .values = keys + block,
            .kv_heads = static_cast<std::size_t>(shape_.kv_heads),
            .slots = slots_,
            .head_dim = static_cast<std::size_t>(shape_.head_dim),
            .device = buffer_.device()};
  }

 private:
  static constexpr std::uint64_t block_bytes(const Shape& shape, std::size_t slots) {
    const std::uint64_t row = backend::KvView<Format>::row_bytes(static_cast<std::size_t>(shape.head_dim));
    return aligned(checked_product(checked_product(static_cast<std::uint64_t>(shape.kv_heads), row), slots));
  }

  Shape shape_;
  std::size_t slots_;
  std::int32_t first_layer_;
  backend::Buffer buffer_;
};

}  // namespace asterism::attention
