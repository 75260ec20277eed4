// What kernels may choose freely for a processor: speeds depend on it, results never.
#pragma once

#include <atomic>
#include <cstdint>

namespace asterism::simd {

struct Tuning {
  /// How far before their use the codes of weights that one row meets are asked for, in bytes: 0 to 1 MiB.
  std::uint32_t ahead = 8192;
  /// From so many rows of 8-bit activations on a tile of weights is unpacked once for all: 4 to 65536.
  std::uint32_t many_rows = 16;

  friend bool operator==(const Tuning&, const Tuning&) = default;
};

namespace detail {
/// What kernels read.
inline std::atomic<std::uint32_t> codes_ahead{Tuning{}.ahead};
inline std::atomic<std::uint32_t> many_rows{Tuning{}.many_rows};
}  // namespace detail

}  // namespace asterism::simd
