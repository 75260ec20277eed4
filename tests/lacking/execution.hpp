// A model of parallel::Execution, and structs that each lack one member of it.
#pragma once

#include <cstddef>

#include "asterism/parallel/concept.hpp"

namespace asterism::lacking::executions {

struct Ranges {
  template <class F>
  void for_each_range(std::size_t, F&&) {}
};
struct NoTasks : Ranges {
  std::size_t threads() const { return 1; }
};
struct NoRanges {
  template <class F>
  void for_each_task(std::size_t, F&&) {}
  std::size_t threads() const { return 1; }
};
struct NoThreads : Ranges {
  template <class F>
  void for_each_task(std::size_t, F&&) {}
};
struct Complete : NoThreads {
  std::size_t threads() const { return 1; }
};

}  // namespace asterism::lacking::executions
