// The sizes that an index is made for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/fwd.hpp"

namespace asterism::knowledge {

namespace detail {
[[noreturn]] void refuse_limits(std::size_t dim, std::uint32_t rows);
}  // namespace detail

/// The sizes that an index is made for: it draws its memory at once, and grows no further.
struct IndexLimits {
  std::size_t dim = 0;           ///< width of a vector, 1 to 4096
  std::uint32_t rows = 100'000;  ///< ids at most, 1 to 2^31

  static constexpr std::size_t most_dim = 4096;
  static constexpr std::uint32_t most_rows = std::uint32_t{1} << 31U;

  /// Columns of a stored row: dim rounded up to 32, the rest zeros.
  constexpr std::size_t width() const { return (dim + 31) / 32 * 32; }

  /// Throws InvalidArgument unless both are in range.
  constexpr void check() const {
    if (dim < 1 || dim > most_dim || rows < 1 || rows > most_rows) detail::refuse_limits(dim, rows);
  }
};

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/index/limits_impl.hpp"
#endif
