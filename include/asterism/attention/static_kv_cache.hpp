// A key/value cache for a fixed number of positions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/attention/fwd.hpp"
#include "asterism/attention/kv_storage.hpp"
#include "asterism/backend/kv_view.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::attention {

/// Keys and values of `limits.context` positions in Format: Float32, Float16, or Int8<Group> (8.5 bits a value in
/// groups of 32). Exceeding it is an error; nothing is evicted. Models KvCache.
template <class Format>
class StaticKvCache {
 public:
  static constexpr Bytes layer_bytes(const Shape& shape, const Limits& limits) {
    return KvStorage<Format>::layer_bytes(shape, static_cast<std::size_t>(limits.context));
  }

  /// For layers [first_layer, first_layer + layers) of `device`.
  template <class Device>
  StaticKvCache(Device& device, const Shape& shape, const Limits& limits, std::int32_t first_layer,
                std::int32_t layers)
      : blocks_(device, shape, static_cast<std::size_t>(limits.context), first_layer, layers) {}

  std::size_t capacity() const { return blocks_.slots(); }
  Bytes bytes() const { return blocks_.bytes(); }

  /// Throws InvalidArgument if positions exceed the capacity.
  template <class Device>
  void append(Device& device, std::int32_t layer, std::size_t first, backend::DeviceMatrix<const float> keys,
              backend::DeviceMatrix<const float> values) {
    if (!view(layer).holds(first, keys.rows())) {
      throw InvalidArgument(concat("the key/value cache holds ", capacity(), " positions; ", keys.rows(),
                                   " from position ", first, " on were to be stored: raise Limits::context"));
    }
    device.append_kv(keys, values, first, view(layer));
  }

  backend::KvView<Format> view(std::int32_t layer) const { return blocks_.layer(layer); }

  /// Every prefix is kept: positions keep their index.
  std::size_t trim(std::size_t length) { return length; }

 private:
  KvStorage<Format> blocks_;
};

}  // namespace asterism::attention
