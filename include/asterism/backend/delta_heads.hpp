// The sizes of Gated DeltaNet's heads.
#pragma once

#include <cstddef>

#include "asterism/core/config.hpp"

namespace asterism::backend {

/// Heads of a linear attention whose state is a matrix (key_width, value_width) for each value head. Value head j
/// shares key and query of key head j / values_per_key(). Plain numbers, for host and device.
struct DeltaHeads {
  std::size_t key_heads = 0;
  std::size_t value_heads = 0;  ///< a multiple of key_heads
  std::size_t key_width = 0;    ///< of keys and queries; at most most_key_width
  std::size_t value_width = 0;

  static constexpr std::size_t most_key_width = 256;

  ASTERISM_HD constexpr std::size_t values_per_key() const { return value_heads / key_heads; }
  /// Columns of all keys, or of all queries.
  ASTERISM_HD constexpr std::size_t key_columns() const { return key_heads * key_width; }
  ASTERISM_HD constexpr std::size_t value_columns() const { return value_heads * value_width; }
  /// Columns of a row of queries, keys and values.
  ASTERISM_HD constexpr std::size_t qkv_columns() const { return 2 * key_columns() + value_columns(); }
  /// Rows of the state of one sequence, a matrix (state_rows(), value_width): head after head.
  ASTERISM_HD constexpr std::size_t state_rows() const { return value_heads * key_width; }

  /// Whether there are heads, whose numbers and widths agree.
  ASTERISM_HD constexpr bool sound() const {
    return key_heads > 0 && value_heads > 0 && value_heads % key_heads == 0 && key_width > 0 &&
           key_width <= most_key_width && value_width > 0;
  }

  friend constexpr bool operator==(const DeltaHeads&, const DeltaHeads&) = default;
};

/// The most rows that a causal convolution can look at.
inline constexpr std::size_t most_kernel_width = 16;

}  // namespace asterism::backend
