// Bodies of arena.hpp.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::backend {

ASTERISM_INLINE Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(arena_, other.arena_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(holder_, other.holder_);
  std::swap(region_, other.region_);
  return *this;
}

/// Who holds what.
struct Arena::Account {
  struct Holder {
    std::string_view name;
    Bytes bytes{};
  };

  mutable std::mutex mutex;
  Bytes used{};
  Bytes high_water{};
  std::uint64_t allocations = 0;
  std::vector<Holder> holders;

  /// The holder's line of the table.
  std::size_t line_of(std::string_view name) {
    for (std::size_t i = 0; i < holders.size(); ++i) {
      if (holders[i].name == name) return i;
    }
    holders.push_back({name, {}});
    return holders.size() - 1;
  }

  /// Counts a buffer; its bytes are in use already.
  void hand_out(std::size_t line, Bytes bytes) {
    holders[line].bytes += bytes;
    ++allocations;
  }

  std::string refusal(const Arena& arena, Bytes size, std::string_view wanted) const {
    return concat("device ", arena.device_, ": ", to_string(size), " more for ", wanted,
                  " would exceed the budget of ", to_string(arena.budget_), "; ", table());
  }
  std::string table() const {
    std::string text = concat(to_string(used), " are in use:\n");
    Bytes without_holder = used;
    const auto add_line = [&text](std::string_view name, Bytes bytes) {
      if (bytes > Bytes{0}) text += concat("  ", pad_right(name, 12), pad_left(to_string(bytes), 12), "\n");
    };
    for (const Holder& holder : holders) {
      add_line(holder.name, holder.bytes);
      without_holder -= holder.bytes;
    }
    add_line("in regions", without_holder);
    return text + "Raise the budget, lower Limits (context, batch, prefill_chunk), or close another session.";
  }
};

ASTERISM_INLINE Arena::Arena(std::int32_t device, Bytes budget, MemorySource source)
    : device_(device), budget_(budget), source_(source), account_(std::make_unique<Account>()) {}

ASTERISM_INLINE Arena::~Arena() = default;

ASTERISM_INLINE std::byte* Arena::draw(Bytes size, std::string_view wanted, Bytes gaps) {
  Account& account = *account_;
  // Before rounding, which could overflow.
  if (size > budget_) throw BudgetExceeded(account.refusal(*this, size, wanted));
  const Bytes rounded{aligned(size.count)};
  if (rounded > budget_ - account.used) throw BudgetExceeded(account.refusal(*this, rounded, wanted));
  std::byte* const data = source_.allocate(source_.context, rounded.count + gaps.count);
  if (data == nullptr) {
    throw BudgetExceeded(concat("device ", device_, ": the system has no ", to_string(rounded), " for ", wanted,
                                ", although the budget of ", to_string(budget_),
                                " allows it: give the devices no more than the machine has"));
  }
  account.used += rounded;
  if (account.used > account.high_water) account.high_water = account.used;
  return data;
}

ASTERISM_INLINE void Arena::give_back(std::byte* data, Bytes rounded) noexcept {
  source_.release(source_.context, data);
  account_->used -= rounded;
}

ASTERISM_INLINE Buffer Arena::allocate(Bytes size, std::string_view holder) {
  Account& account = *account_;
  const std::lock_guard lock(account.mutex);
  const std::size_t line = account.line_of(holder);
  std::byte* const data = draw(size, holder);
  const Bytes rounded{aligned(size.count)};
  account.hand_out(line, rounded);
  return {this, data, rounded, line};
}

ASTERISM_INLINE Bytes Arena::budget() const {
  const std::lock_guard lock(account_->mutex);
  return budget_;
}
ASTERISM_INLINE void Arena::set_budget(Bytes budget) {
  const std::lock_guard lock(account_->mutex);
  if (account_->used > budget) {
    throw BudgetExceeded(
        concat("device ", device_, ": a budget of ", to_string(budget), " is too small: ", account_->table()));
  }
  budget_ = budget;
}
ASTERISM_INLINE Bytes Arena::used() const {
  const std::lock_guard lock(account_->mutex);
  return account_->used;
}
ASTERISM_INLINE Bytes Arena::held_by(std::string_view holder) const {
  const std::lock_guard lock(account_->mutex);
  for (const Account::Holder& line : account_->holders) {
    if (line.name == holder) return line.bytes;
  }
  return {};
}
ASTERISM_INLINE Bytes Arena::high_water() const {
  const std::lock_guard lock(account_->mutex);
  return account_->high_water;
}
ASTERISM_INLINE std::uint64_t Arena::allocations() const {
  const std::lock_guard lock(account_->mutex);
  return account_->allocations;
}

ASTERISM_INLINE void Buffer::release() {
  Arena::Account& account = *arena_->account_;
  const std::lock_guard lock(account.mutex);
  account.holders[holder_].bytes -= size_;
  if (region_ == nullptr) arena_->give_back(data_, size_);
}

}  // namespace asterism::backend
