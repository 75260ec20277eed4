// How long a layer and a read take, by which what pays is told from what does not.
#pragma once

#include <chrono>
#include <cstdint>

namespace asterism::residency {

/// Seconds of one layer of a token with all that it needs at hand, and of bringing one expert. Only their ratio counts.
struct Pace {
  double layer_seconds = 0;  ///< > 0; 0: not known
  double read_seconds = 0;   ///< > 0; 0: not known

  bool known() const { return layer_seconds > 0 && read_seconds > 0; }
};

/// Measures the pace of a model that decodes, where nobody told it. Not thread-safe.
class PaceMeter {
 public:
  using Clock = std::chrono::steady_clock;

  /// A layer begins to use its experts; `waited`: seconds that passes have waited for reads so far. `decodes`: it is one
  /// of a single token, and the one before was too.
  void layer(double waited, bool decodes) {
    const Clock::time_point now = Clock::now();
    if (decodes && begun_ != Clock::time_point()) {
      layers_.add(std::chrono::duration<double>(now - begun_).count() - (waited - waited_));
    }
    begun_ = now;
    waited_ = waited;
  }
  /// `count` experts have been brought in so many seconds.
  void brought(double seconds, std::uint64_t count) { reads_.add(seconds / static_cast<double>(count)); }

  /// Known once enough has been measured.
  Pace pace() const {
    constexpr std::uint64_t enough = 32;
    if (layers_.count < enough || reads_.count < enough) return {};
    return {.layer_seconds = layers_.mean(), .read_seconds = reads_.mean()};
  }

 private:
  struct Mean {
    double sum = 0;
    std::uint64_t count = 0;

    void add(double value) {
      sum += value;
      ++count;
    }
    double mean() const { return sum / static_cast<double>(count); }
  };

  Mean layers_;
  Mean reads_;
  Clock::time_point begun_{};
  double waited_ = 0;
};

}  // namespace asterism::residency
