// Numbers of the sequences that are alive, for what is kept for each of them outside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace asterism::engine {

/// Gives each sequence the least number that no other one has. Thread-safe.
class SequenceNumbers {
 public:
  std::int32_t take() {
    const std::lock_guard lock(mutex_);
    const auto place = std::find(taken_.begin(), taken_.end(), false);
    const auto number = static_cast<std::int32_t>(place - taken_.begin());
    if (place == taken_.end()) {
      taken_.push_back(true);
    } else {
      *place = true;
    }
    return number;
  }
  void give_back(std::int32_t number) {
    const std::lock_guard lock(mutex_);
    taken_[static_cast<std::size_t>(number)] = false;
  }
  /// How many sequences have one.
  std::int32_t taken() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::int32_t>(std::count(taken_.begin(), taken_.end(), true));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<bool> taken_;
};

/// Holds a number until it is destroyed. Constructed from another one it takes its number, assigned it swaps.
class SequenceNumber {
 public:
  explicit SequenceNumber(std::shared_ptr<SequenceNumbers> from) : from_(std::move(from)), value_(from_->take()) {}
  SequenceNumber(SequenceNumber&&) noexcept = default;
  SequenceNumber& operator=(SequenceNumber&& other) noexcept {
    std::swap(from_, other.from_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~SequenceNumber() {
    if (from_) from_->give_back(value_);
  }

  std::int32_t value() const { return value_; }

 private:
  std::shared_ptr<SequenceNumbers> from_;
  std::int32_t value_ = 0;
};

}  // namespace asterism::engine
