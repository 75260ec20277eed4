// How many rows of prompts a pass may have, so that passes take a certain time.
#pragma once

#include <algorithm>
#include <cstddef>

namespace asterism::generate {

/// Starts with `least` rows, and follows what passes took: up to twice and down to half as many at a time.
class PassBudget {
 public:
  /// target: seconds; least, most: rows, 1 <= least <= most.
  PassBudget(double target, std::size_t least, std::size_t most)
      : target_(target), least_(least), most_(std::max(least, most)), rows_(least) {}

  /// Of the next pass, at least `least`.
  std::size_t rows() const { return rows_; }

  /// A pass with `rows` rows of prompts took so long. One with fewer than there might have been says nothing of more.
  void measured(std::size_t rows, double seconds) {
    if (rows == 0 || seconds <= 0 || (rows < rows_ && seconds <= target_)) return;
    const double wanted = static_cast<double>(rows) * target_ / seconds;
    const auto half = static_cast<double>(rows_) / 2;
    rows_ = static_cast<std::size_t>(std::clamp(wanted, half, 4 * half));
    rows_ = std::clamp(rows_, least_, most_);
  }

 private:
  double target_;
  std::size_t least_;
  std::size_t most_;
  std::size_t rows_;
};

}  // namespace asterism::generate
