// One piece of memory for many buffers: what is used together lies together, in the order of use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/fwd.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"

namespace asterism::backend {

/// Memory drawn from an arena at once and cut into consecutive buffers: small ones share the huge pages of large ones,
/// and a GPU allocates once. The arena counts all of it as used from the beginning, each piece for its holder and the
/// rest as "in regions", until the memory returns to the source: when the region and all its buffers are gone, in any
/// order. Thread-safe. Code that only calls `allocate` of a device can take a region instead.
class Region {
 public:
  /// A buffer of so many bytes is streamed through, which is faster from the beginning of a page.
  static constexpr std::uint64_t large = 1 << 20;
  static constexpr std::uint64_t page = 4096;

  /// Draws `size` bytes, rounded up to 64. Throws BudgetExceeded as Arena::allocate does; `holder` names what wanted
  /// them. The first `large_buffers` buffers of `large` bytes or more begin at a page: for each that `size` has room
  /// for the source is asked for up to a page more, which no account shows, as none shows the rest of the last page.
  Region(Arena& arena, Bytes size, std::string_view holder, std::size_t large_buffers = 0);
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region() = default;

  /// The next `size` bytes, rounded up to 64, for `holder`; see Arena::allocate. Throws InvalidArgument if the region
  /// has fewer left.
  Buffer allocate(Bytes size, std::string_view holder);

  /// Bytes that no buffer was cut from.
  Bytes left() const;

 private:
  Arena& arena_;
  Bytes size_;
  std::shared_ptr<std::byte> memory_;
  // Guarded by the mutex of the arena's account:
  Bytes cut_{};        ///< of all buffers
  std::byte* next_;    ///< where the next buffer begins, unless at the next page
  std::size_t pages_;  ///< buffers that may still begin at a page
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/region_impl.hpp"
#endif
