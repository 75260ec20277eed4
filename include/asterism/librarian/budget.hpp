// How much a consultation may cost, and what it cost.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace asterism::librarian {

/// Seconds on a clock that never goes back.
using Clock = std::function<double()>;

inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Time, or work, or both; whichever ends first. With work alone the same question gets the same answer everywhere.
struct ConsultBudget {
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  double seconds = std::numeric_limits<double>::infinity();
  std::uint64_t rows = unlimited;   ///< vectors compared
  std::uint64_t edges = unlimited;  ///< edges walked
  std::size_t tokens = 3072;        ///< of the block, at most

  /// 200 ms.
  static ConsultBudget interactive() { return {.seconds = 0.2}; }
  static ConsultBudget work(std::uint64_t rows, std::uint64_t edges) { return {.rows = rows, .edges = edges}; }
};

/// What a consultation took, in seconds and work.
struct Spent {
  double vectors = 0;  ///< encoding, vectors, words and experience; at most 40 % of the time
  double graph = 0;    ///< at most 50 %
  double merging = 0;  ///< for which 10 % are left
  std::uint64_t rows = 0;
  std::uint64_t edges = 0;
};

}  // namespace asterism::librarian
