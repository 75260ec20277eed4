// Bodies of region.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>

#include "asterism/backend/arena_impl.hpp"
#include "asterism/backend/region.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::backend {

ASTERISM_INLINE Region::Region(Arena& arena, Bytes size, std::string_view holder, std::size_t large_buffers)
    : arena_(arena), pages_(std::min<std::uint64_t>(large_buffers, size.count / large)) {
  {
    const std::lock_guard lock(arena.account_->mutex);
    next_ = arena.draw(size, holder, {pages_ * (page - alignment)});
  }
  size_ = {aligned(size.count)};
  // Not under the lock: where there is no memory for the count of owners, the bytes are given back at once.
  memory_ = std::shared_ptr<std::byte>(next_, [&arena, rounded = size_](std::byte* drawn) noexcept {
    const std::lock_guard lock(arena.account_->mutex);
    arena.give_back(drawn, rounded);
  });
}

ASTERISM_INLINE Buffer Region::allocate(Bytes size, std::string_view holder) {
  Arena::Account& account = *arena_.account_;
  const std::lock_guard lock(account.mutex);
  const Bytes left = size_ - cut_;  // a multiple of 64: what fits before rounding fits after it
  if (size > left) {
    throw InvalidArgument(concat("device ", arena_.device(), ": ", size.count, " bytes for ", holder,
                                 " are more than the ", left.count, " that are left of a region of ",
                                 size_.count));
  }
  if (size.count >= large && pages_ > 0) {
    next_ += -reinterpret_cast<std::uintptr_t>(next_) % page;
    --pages_;
  }
  const Bytes rounded{aligned(size.count)};
  const std::size_t line = account.line_of(holder);
  account.hand_out(line, rounded);
  Buffer piece(&arena_, next_, rounded, line, memory_);
  cut_ += rounded;
  next_ += rounded.count;
  return piece;
}

ASTERISM_INLINE Bytes Region::left() const {
  const std::lock_guard lock(arena_.account_->mutex);
  return size_ - cut_;
}

}  // namespace asterism::backend
