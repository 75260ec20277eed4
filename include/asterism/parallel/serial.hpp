// Execution on the calling thread.
#pragma once

#include <cstddef>

#include "asterism/parallel/fwd.hpp"

namespace asterism::parallel {

/// Runs tasks one after the other on the caller. Stateless; safe from any thread.
class Serial {
 public:
  Serial() = default;
  /// Accepts the number of threads that other policies need, and ignores it.
  explicit Serial(std::size_t /*threads*/) {}

  static std::size_t threads() { return 1; }

  template <class F>
  void for_each_task(std::size_t count, F&& f) const {
    for (std::size_t task = 0; task < count; ++task) f(task);
  }

  template <class F>
  void for_each_range(std::size_t count, F&& f) const {
    if (count > 0) f(std::size_t{0}, count);
  }
};

}  // namespace asterism::parallel
