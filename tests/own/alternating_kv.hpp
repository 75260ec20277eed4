// One layer of Period sees all positions, the others the last ones: 2 in Gemma 2 and gpt-oss, 6 in Gemma 3.
#pragma once

#include "asterism/attention/concept.hpp"
#include "asterism/attention/kv_storage.hpp"
#include "asterism/core/error.hpp"

using namespace asterism;

template <int Window, int Period, class Format = quant::Float16>
class AlternatingKv {
 public:
  static constexpr Bytes layer_bytes(const Shape& shape, const Limits& limits) {
    return Blocks::layer_bytes(shape, static_cast<std::size_t>(limits.context));
  }
  template <class Device>
  AlternatingKv(Device& device, const Shape& shape, const Limits& limits, std::int32_t first_layer,
                std::int32_t layers)
      : blocks_(device, shape, static_cast<std::size_t>(limits.context), first_layer, layers) {}
  std::size_t capacity() const { return blocks_.slots(); }
  Bytes bytes() const { return blocks_.bytes(); }
  template <class Device>
  void append(Device& device, std::int32_t layer, std::size_t first, backend::DeviceMatrix<const float> keys,
              backend::DeviceMatrix<const float> values) {
    if (first > capacity() || keys.rows() > capacity() - first) throw InvalidArgument("the context is full");
    device.append_kv(keys, values, first, view(layer));
  }
  backend::KvView<Format> view(std::int32_t layer) const {
    backend::KvView<Format> kv = blocks_.layer(layer);
    if (layer % Period != Period - 1) kv.window = Window;
    return kv;
  }
  static std::size_t trim(std::size_t length) { return length; }  // all positions are there

 private:
  using Blocks = attention::KvStorage<Format>;
  Blocks blocks_;
};
