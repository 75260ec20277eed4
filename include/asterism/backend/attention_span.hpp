// Slots of positions in a key/value cache, and visibility: plain numbers, for host and device.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"

namespace asterism::backend {

/// The slot of a position among `slots`: the first `sinks` positions have fixed slots, the others share the rest
/// as a ring.
ASTERISM_HD constexpr std::size_t kv_slot(std::size_t position, std::size_t slots, std::size_t sinks) {
  return position < slots ? position : sinks + (position - sinks) % (slots - sinks);
}

/// The positions visible to one position, ascending: [first_sink, end_sink) and [begin, position].
struct AttentionSpan {
  std::size_t first_sink = 0;
  std::size_t end_sink = 0;
  std::size_t begin = 0;
  std::size_t position = 0;

  ASTERISM_HD constexpr std::size_t sinks() const { return end_sink - first_sink; }
  ASTERISM_HD constexpr std::size_t count() const { return sinks() + position + 1 - begin; }
  ASTERISM_HD constexpr std::size_t operator[](std::size_t i) const {
    return i < sinks() ? first_sink + i : begin + i - sinks();
  }
};

/// The first of the last `window` positions up to `position`; 0 if window is 0.
ASTERISM_HD constexpr std::size_t window_begin(std::size_t position, std::size_t window) {
  return window > 0 && position + 1 > window ? position + 1 - window : 0;
}

/// The positions visible to `position` in a cache with `sinks` and a window (0: all), for a model that attends to
/// at most the last `model_window` positions (0: all).
ASTERISM_HD constexpr AttentionSpan visible_positions(std::size_t position, std::size_t sinks,
                                                      std::size_t kv_window, std::size_t model_window) {
  const std::size_t model = window_begin(position, model_window);
  const std::size_t cache = window_begin(position, kv_window);
  const std::size_t end_sink = sinks < cache ? sinks : cache;
  return {.first_sink = model < end_sink ? model : end_sink,
          .end_sink = end_sink,
          .begin = model > cache ? model : cache,
          .position = position};
}

}  // namespace asterism::backend
