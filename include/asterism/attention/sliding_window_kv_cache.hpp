// A key/value cache that keeps the first positions and the latest ones.
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

/// A position attends to itself, the `Window` - 1 positions before it, and the first `Sinks` of all (attention
/// sinks, on which models put weight when nothing else is relevant); positions in between are evicted. So the
/// memory does not grow with the context: Window + Sinks + limits.prefill_chunk - 1 slots, or limits.context if
/// that is less. Unlike in the paper, positions stay absolute: keys are not rotated again, and the context ends at
/// the model's last position. Models KvCache. Source: Xiao et al., Efficient Streaming Language Models with
/// Attention Sinks, arXiv 2309.17453.
///
/// @tparam Format  as in StaticKvCache
/// @tparam Window  positions, including the current one; >= 1
/// @tparam Sinks   positions; >= 0
template <class Format, int Window, int Sinks>
class SlidingWindowKvCache {
  static_assert(Window >= 1 && Sinks >= 0, "a window has at least its own position, and sinks are counted from 0");

 public:
  static constexpr Bytes layer_bytes(const Shape& shape, const Limits& limits) {
    return KvStorage<Format>::layer_bytes(shape, slots(limits));
  }

  /// For layers [first_layer, first_layer + layers) of `device`.
  template <class Device>
  SlidingWindowKvCache(Device& device, const Shape& shape, const Limits& limits, std::int32_t first_layer,
                       std::int32_t layers)
      : capacity_(static_cast<std::size_t>(limits.context)),
        blocks_(device, shape, slots(limits), first_layer, layers) {}

  /// Maximum number of positions; not all of them are kept.
  std::size_t capacity() const { return capacity_; }
  Bytes bytes() const { return blocks_.bytes(); }

  /// Throws InvalidArgument if positions exceed the capacity, or rows exceed limits.prefill_chunk.
  template <class Device>
  void append(Device& device, std::int32_t layer, std::size_t first, backend::DeviceMatrix<const float> keys,
              backend::DeviceMatrix<const float> values) {
    const std::size_t rows = keys.rows();
    if (first > capacity_ || rows > capacity_ - first) {
      throw InvalidArgument(concat("the key/value cache takes ", capacity_, " positions; ", rows,
                                   " from position ", first, " on were to be stored: raise Limits::context"));
    }
    if (!view(layer).holds(first, rows)) {
      throw InvalidArgument(concat("the key/value cache takes ", blocks_.slots() + 1 - Sinks - Window,
                                   " positions at once; ", rows, " from position ", first,
                                   " on were to be stored: raise Limits::prefill_chunk"));
    }
    end_ = end_ > first + rows ? end_ : first + rows;  // set before any failure: the old rows are already overwritten
    device.append_kv(keys, values, first, view(layer));
  }

  backend::KvView<Format> view(std::int32_t layer) const {
    backend::KvView<Format> kv = blocks_.layer(layer);
    kv.sinks = Sinks;
    kv.window = Window;
    return kv;
  }

  /// Returns `length` if everything visible to the next position is still stored, else 0.
  std::size_t trim(std::size_t length) {
    const std::size_t begin = length + 1 > Window ? length + 1 - Window : 0;
    const std::size_t oldest = begin > Sinks ? begin : Sinks;
    if (oldest >= length) {
      end_ = length;  // the next position sees only itself and the sinks
    } else if (oldest + blocks_.slots() < end_ + Sinks) {
      end_ = length = 0;
    }
    return length;
  }

 private:
  static constexpr std::size_t slots(const Limits& limits) {
    const auto most = static_cast<std::size_t>(limits.context);
    const auto needed =
        static_cast<std::size_t>(Sinks) + Window + static_cast<std::size_t>(limits.prefill_chunk) - 1;
    return needed < most ? needed : most;
  }

  std::size_t capacity_;
  KvStorage<Format> blocks_;
  std::size_t end_ = 0;  ///< after the last position stored: those a ring before it and earlier are replaced
};

}  // namespace asterism::attention
