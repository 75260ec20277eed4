// A key/value cache for a fixed number of positions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "asterism/attention/fwd.hpp"
#include "asterism/backend/arena.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// Keys and values of `limits.context` positions for consecutive layers on one device, in Format (Float32 or
/// Float16). The memory is drawn once, in the constructor; what does not fit is an error, never forgotten. Models
/// KvCache.
template <class Format>
class BoundedKv {
 public:
  static_assert(std::is_same_v<Format, quant::Float32> || std::is_same_v<Format, quant::Float16>,
                "BoundedKv stores Float32 or Float16");
  using Element = std::conditional_t<std::is_same_v<Format, quant::Float32>, float, std::uint16_t>;

  /// Bytes of one layer: the size model of the plan and of this class.
  static constexpr Bytes layer_bytes(const Shape& shape, const Limits& limits) {
    return {2 * block_bytes(shape, limits)};
  }

  /// For layers [first_layer, first_layer + layers) of `device`.
  template <class Device>
  BoundedKv(Device& device, const Shape& shape, const Limits& limits, std::int32_t first_layer,
            std::int32_t layers)
      : shape_(shape),
        capacity_(static_cast<std::size_t>(limits.context)),
        first_layer_(first_layer),
        block_(block_bytes(shape, limits)),
        buffer_(device.allocate(layer_bytes(shape, limits) * static_cast<std::uint64_t>(layers), "KV cache")) {}

  /// Positions that fit.
  std::size_t capacity() const { return capacity_; }
  Bytes bytes() const { return buffer_.size(); }

  /// Stores keys and values (n, kv_width) of a layer at positions first ... first + n - 1.
  /// Throws InvalidArgument where they pass the capacity.
  template <class Device>
  void append(Device& device, std::int32_t layer, std::size_t first, backend::DeviceMatrix<const float> keys,
              backend::DeviceMatrix<const float> values) {
    if (first > capacity_ || keys.rows() > capacity_ - first) {
      throw InvalidArgument(concat("the key/value cache holds ", capacity_, " positions; ", keys.rows(),
                                   " from position ", first, " on were to be stored: raise Limits::context"));
    }
    device.append_kv(keys, values, first, view(layer));
  }

  /// All positions of a layer; positions keep their index, so dropping the newest needs no work here.
  backend::DeviceKv<Element> view(std::int32_t layer) const {
    std::byte* keys = buffer_.data() + static_cast<std::uint64_t>(layer - first_layer_) * 2 * block_;
    return {reinterpret_cast<Element*>(keys),          reinterpret_cast<Element*>(keys + block_),
            static_cast<std::size_t>(shape_.kv_heads), capacity_,
            static_cast<std::size_t>(shape_.head_dim), buffer_.device()};
  }

 private:
  static constexpr std::uint64_t block_bytes(const Shape& shape, const Limits& limits) {
    const auto width = static_cast<std::uint64_t>(shape.kv_heads) * static_cast<std::uint64_t>(shape.head_dim);
    return aligned(checked_product(width, static_cast<std::uint64_t>(limits.context) * sizeof(Element)));
  }

  Shape shape_;
  std::size_t capacity_;
  std::int32_t first_layer_;
  std::uint64_t block_;
  backend::Buffer buffer_;
};

}  // namespace asterism::attention
