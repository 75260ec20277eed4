// Keys and values of one layer on a device, and their visibility.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/attention_span.hpp"
#include "asterism/backend/kv_format.hpp"

namespace asterism::backend {

/// Keys and values of one layer: two blocks (kv_heads, slots) of rows of `head_dim` values in Format, see
/// KvFormat. Keys are stored after rotation by their absolute position. The first `sinks` positions have fixed
/// slots; the others share the rest as a ring, so a position beyond the ring's length replaces an earlier one.
///
/// Visible to position p: itself and the `window` - 1 positions before it, or all if window is 0, and the sinks.
template <class Format>
struct KvView {
  std::byte* keys = nullptr;
  std::byte* values = nullptr;
  std::size_t kv_heads = 0;
  std::size_t slots = 0;
  std::size_t head_dim = 0;
  std::size_t sinks = 0;
  std::size_t window = 0;  ///< 0 if positions beyond the slots are refused: all stay visible
  std::int32_t device = -1;

  /// Bytes from one slot to the next.
  static constexpr std::size_t row_bytes(std::size_t head_dim) { return KvFormat<Format>::bytes(head_dim); }

  /// The slot of a position.
  std::size_t slot(std::size_t position) const { return kv_slot(position, slots, sinks); }
  /// Bytes from the start of a block to the row of a head at a position.
  std::size_t offset(std::size_t head, std::size_t position) const {
    return (head * slots + slot(position)) * row_bytes(head_dim);
  }

  /// Number of positions from this one on that are contiguous before the slots wrap around.
  std::size_t run(std::size_t position) const { return slots - slot(position); }

  /// True if rows at positions first ... first + count - 1 may be appended and then see everything that they
  /// should: no position exceeds the slots, or, in a ring, none replaces a position still visible to the first of
  /// them.
  bool holds(std::size_t first, std::size_t count) const {
    const bool below_slots = first <= slots && count <= slots - first;
    return below_slots || (window > 0 && sinks + window + count <= slots + 1);
  }
};

/// The positions of `kv` visible to `position` in a model that attends to at most the last `window` positions (0:
/// all).
template <class Format>
AttentionSpan visible(const KvView<Format>& kv, std::size_t position, std::size_t window) {
  return visible_positions(position, kv.sinks, kv.window, window);
}

}  // namespace asterism::backend
