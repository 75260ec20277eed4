// One piece of memory for many buffers: what is used together lies together, in the order of use.
#pragma once

#include <cstddef>
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
  /// Draws `size` bytes, rounded up to 64. Throws BudgetExceeded as Arena::allocate does; `holder` names what wanted
  /// them.
  Region(Arena& arena, Bytes size, std::string_view holder);
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
  Bytes cut_{};  ///< guarded by the mutex of the arena's account
  std::shared_ptr<std::byte> memory_;
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/region_impl.hpp"
#endif
