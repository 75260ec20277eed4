// The memory of one logical device: a budget that no allocation can pass, and an account of who holds what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "asterism/backend/fwd.hpp"
#include "asterism/backend/memory_source.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::backend {

/// Bytes drawn from an arena; returned when it is destroyed. Movable; uninitialised.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept
      : arena_(std::exchange(other.arena_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, Bytes{})),
        holder_(other.holder_) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(arena_, other.arena_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(holder_, other.holder_);
    return *this;
  }
  ~Buffer();

  std::byte* data() const { return data_; }
  Bytes size() const { return size_; }
  std::int32_t device() const;

 private:
  friend class Arena;
  Buffer(Arena* arena, std::byte* data, Bytes size, std::size_t holder)
      : arena_(arena), data_(data), size_(size), holder_(holder) {}

  Arena* arena_ = nullptr;
  std::byte* data_ = nullptr;
  Bytes size_{};
  std::size_t holder_ = 0;
};

/// Hands out 64-byte aligned memory up to a budget. Counts bytes drawn, each request rounded up to 64, never
/// capacity. Thread-safe. Must outlive its buffers.
class Arena {
 public:
  /// `device` is the index under which messages and operands name the device.
  Arena(std::int32_t device, Bytes budget, MemorySource source = host_memory)
      : device_(device), budget_(budget), source_(source) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `size` bytes for `holder`, a string that lives as long as the program and names a line of the table.
  /// Throws BudgetExceeded, with the table of who holds what, where the budget would be passed, and where the
  /// system refuses what the budget allows.
  Buffer allocate(Bytes size, std::string_view holder) {
    const std::lock_guard lock(mutex_);
    if (size > budget_) throw BudgetExceeded(refusal(size, holder));  // before rounding, which could overflow
    const Bytes rounded{aligned(size.count)};
    if (rounded > budget_ - used_) throw BudgetExceeded(refusal(rounded, holder));
    const std::size_t line = line_of(holder);
    std::byte* const data = source_.allocate(source_.context, rounded.count);
    if (data == nullptr) {
      throw BudgetExceeded(concat("device ", device_, ": the system has no ", to_string(rounded), " for ", holder,
                                  ", although the budget of ", to_string(budget_),
                                  " allows it: give the devices no more than the machine has"));
    }
    holders_[line].bytes += rounded;
    used_ += rounded;
    if (used_ > high_water_) high_water_ = used_;
    ++allocations_;
    return {this, data, rounded, line};
  }

  std::int32_t device() const { return device_; }
  Bytes budget() const { return budget_; }
  /// Bytes drawn now.
  Bytes used() const {
    const std::lock_guard lock(mutex_);
    return used_;
  }
  /// The most bytes drawn at any time.
  Bytes high_water() const {
    const std::lock_guard lock(mutex_);
    return high_water_;
  }
  /// Requests served so far.
  std::uint64_t allocations() const {
    const std::lock_guard lock(mutex_);
    return allocations_;
  }

 private:
  friend class Buffer;
  struct Holder {
    std::string_view name;
    Bytes bytes{};
  };

  /// The holder's line of the table.
  std::size_t line_of(std::string_view name) {
    for (std::size_t i = 0; i < holders_.size(); ++i) {
      if (holders_[i].name == name) return i;
    }
    holders_.push_back({name, {}});
    return holders_.size() - 1;
  }

  void release(std::byte* data, Bytes size, std::size_t holder) {
    const std::lock_guard lock(mutex_);
    source_.release(source_.context, data);
    used_ -= size;
    holders_[holder].bytes -= size;
  }

  std::string refusal(Bytes size, std::string_view wanted) const {
    std::string text =
        concat("device ", device_, ": ", to_string(size), " more for ", wanted, " would exceed the budget of ",
               to_string(budget_), "; ", to_string(used_), " are in use:\n");
    for (const Holder& holder : holders_) {
      if (holder.bytes > Bytes{0})
        text += concat("  ", pad_right(holder.name, 12), pad_left(to_string(holder.bytes), 12), "\n");
    }
    return text + "Raise the budget, lower Limits (context, batch, prefill_chunk), or close another session.";
  }

  std::int32_t device_;
  Bytes budget_;
  MemorySource source_;
  mutable std::mutex mutex_;
  Bytes used_{};
  Bytes high_water_{};
  std::uint64_t allocations_ = 0;
  std::vector<Holder> holders_;
};

inline Buffer::~Buffer() {
  if (arena_ != nullptr) arena_->release(data_, size_, holder_);
}

inline std::int32_t Buffer::device() const { return arena_->device(); }

}  // namespace asterism::backend
