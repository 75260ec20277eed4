// The memory of one logical device: a budget that no allocation can pass, and an account of who holds what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "asterism/backend/fwd.hpp"
#include "asterism/backend/memory_source.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"

namespace asterism::backend {

/// Bytes drawn from an arena, alone or as a piece of a Region; returned when it is destroyed, by any thread. Movable;
/// uninitialised.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : arena_(other.arena_),
        data_(other.data_),
        size_(other.size_),
        holder_(other.holder_),
        region_(std::move(other.region_)) {
    other.arena_ = nullptr;
    other.data_ = nullptr;
    other.size_ = {};
  }
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer() {
    if (arena_ != nullptr) release();
  }

  std::byte* data() const { return data_; }
  Bytes size() const { return size_; }
  std::int32_t device() const;

 private:
  friend class Arena;
  friend class Region;
  Buffer(Arena* arena, std::byte* data, Bytes size, std::size_t holder,
         std::shared_ptr<std::byte> region = nullptr)
      : arena_(arena), data_(data), size_(size), holder_(holder), region_(std::move(region)) {}
  void release();

  Arena* arena_ = nullptr;
  std::byte* data_ = nullptr;
  Bytes size_{};
  std::size_t holder_ = 0;
  std::shared_ptr<std::byte> region_;  ///< the memory that this is a piece of, kept by all pieces together
};

/// Hands out 64-byte aligned memory up to a budget. Counts bytes drawn, each request rounded up to 64, never
/// capacity. Thread-safe. Must outlive its buffers and regions.
class Arena {
 public:
  /// `device` is the index under which messages and operands name the device.
  Arena(std::int32_t device, Bytes budget, MemorySource source = host_memory);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  /// `size` bytes for `holder`, a string that lives as long as the program and names a line of the table.
  /// Throws BudgetExceeded, with the table of who holds what, where the budget would be passed, and where the
  /// system refuses what the budget allows.
  Buffer allocate(Bytes size, std::string_view holder);

  std::int32_t device() const { return device_; }
  Bytes budget() const;
  /// Another budget from now on. Throws BudgetExceeded, with the table of who holds what, where more is in use.
  void set_budget(Bytes budget);
  /// Bytes drawn now.
  Bytes used() const;
  /// Bytes that `holder` has now.
  Bytes held_by(std::string_view holder) const;
  /// The most bytes drawn at any time.
  Bytes high_water() const;
  /// Requests for buffers served so far.
  std::uint64_t allocations() const;

 private:
  friend class Buffer;
  friend class Region;
  struct Account;

  /// Memory for `size` bytes, rounded up and counted as used, and for `gaps`, which are not counted; throws as
  /// `allocate`. The caller holds the mutex.
  std::byte* draw(Bytes size, std::string_view wanted, Bytes gaps = {});
  /// Takes back what `draw` gave. The caller holds the mutex.
  void give_back(std::byte* data, Bytes rounded) noexcept;

  std::int32_t device_;
  Bytes budget_;
  MemorySource source_;
  std::unique_ptr<Account> account_;
};

inline std::int32_t Buffer::device() const { return arena_->device(); }

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/arena_impl.hpp"
#endif
