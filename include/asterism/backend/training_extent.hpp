// The largest sizes of a training step.
#pragma once

#include <cstddef>

namespace asterism::backend {

/// For what a training device reserves scratch memory.
struct TrainingExtent {
  std::size_t rows = 0;     ///< of a step
  std::size_t cols = 0;     ///< of the widest rows that have weights of a norm or a bias, or that losses add up
  std::size_t longest = 0;  ///< sequence
  std::size_t threads = 1;
  /// Floats of memory for pieces of weights, and of gradients, in other formats than Float32: 0 where there are none,
  /// else at least a row of them, and the rows of a step.
  std::size_t unpacked = 0;

  friend constexpr bool operator==(const TrainingExtent&, const TrainingExtent&) = default;
};

}  // namespace asterism::backend
