// How fast a loop in registers runs on all threads at once: how the limits of computation are measured.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "asterism/parallel/concept.hpp"

namespace asterism::machines {

/// Operations a second of `loop(steps)` on all threads of `execution`, a step being `operations` of them: the best of
/// `runs`, since other programs only take from it.
template <parallel::Execution Execution, class Result>
double best_rate(Execution& execution, int runs, std::size_t steps, double operations,
                 Result (*loop)(std::size_t steps)) {
  const double each = operations * static_cast<double>(steps) * static_cast<double>(execution.threads());
  double best = 0;
  for (int run = 0; run < runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    execution.for_each_task(execution.threads(),
                            [&](std::size_t) { [[maybe_unused]] const volatile Result kept = loop(steps); });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, each / seconds);
  }
  return best;
}

}  // namespace asterism::machines
