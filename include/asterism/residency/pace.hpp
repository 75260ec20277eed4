// How long a layer and a read take, by which what pays is told from what does not.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace asterism::residency {

/// Seconds of one layer of a token with all that it needs at hand, and of bringing one expert. Only their ratio counts.
struct Pace {
  double layer_seconds = 0;  ///< > 0; 0: not known
  double read_seconds = 0;   ///< > 0; 0: not known

  bool known() const { return layer_seconds > 0 && read_seconds > 0; }
};

/// Measures the pace of a model that decodes, where nobody told it. Not thread-safe.
class PaceMeter {
  static constexpr std::size_t enough = 32;

 public:
  using Clock = std::chrono::steady_clock;

  /// A layer begins to use its experts; `waited`: seconds that passes have waited for reads so far. `decodes`: it is
  /// one of a single token, and comes right after one of the same pass.
  void layer(double waited, bool decodes) {
    const Clock::time_point now = Clock::now();
    if (decodes && begun_ != Clock::time_point()) {
      layers_.add(std::chrono::duration<double>(now - begun_).count() - (waited - waited_));
    }
    begun_ = now;
    waited_ = waited;
  }
  /// `count` experts have been brought in so many seconds.
  void brought(double seconds, std::size_t count) { reads_.add(seconds / static_cast<double>(count)); }

  /// Known once enough has been measured.
  Pace pace() const {
    if (layers_.size < enough || reads_.size < enough) return {};
    return {.layer_seconds = layers_.median(), .read_seconds = reads_.median()};
  }

 private:
  /// The first of the values that are added.
  struct Values {
    std::array<double, enough> values{};
    std::size_t size = 0;

    void add(double value) {
      if (size < values.size()) values[size++] = value;
    }
    double median() const {
      std::array<double, enough> sorted = values;
      std::ranges::nth_element(sorted, sorted.begin() + enough / 2);
      return sorted[enough / 2];
    }
  };

  Values layers_;
  Values reads_;
  Clock::time_point begun_{};
  double waited_ = 0;
};

}  // namespace asterism::residency
