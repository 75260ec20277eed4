// How long all variants still take.
#pragma once

#include <asterism/core/format.hpp>
#include <asterism/core/progress.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace example {

/// "40 s", "12 min", "3 h 20 min"
inline std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 100) return asterism::concat(whole, " s");
  const std::uint64_t minutes = (whole + 30) / 60;
  if (minutes < 100) return asterism::concat(minutes, " min");
  return asterism::concat(minutes / 60, " h ", minutes % 60, " min");
}

/// Passes progress on; behind each question stands how long all variants still take, by the time of those before.
class RemainingTime : public asterism::ProgressSink {
 public:
  RemainingTime(asterism::ProgressSink& inner, std::size_t variants) : inner_(&inner), variants_(variants) {}

  /// A variant is finished.
  void next() { ++finished_; }
  std::size_t finished() const { return finished_; }
  std::size_t variants() const { return variants_; }

  /// Seconds, where the variant that runs has the share `done` behind it.
  double left(double done = 0) const {
    const double share = (static_cast<double>(finished_) + done) / static_cast<double>(variants_);
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - started_;
    return share > 0 ? passed.count() * (1 - share) / share : 0;
  }

  void begin(std::string_view task, std::uint64_t total, asterism::ProgressUnit unit) override {
    total_ = unit == asterism::ProgressUnit::items ? total : 0;
    inner_->begin(task, total, unit);
  }
  void advance(std::uint64_t done, std::string_view item) override {
    if (total_ == 0) return inner_->advance(done, item);
    const double share = static_cast<double>(done) / static_cast<double>(total_);
    inner_->advance(done, asterism::concat("variant ", finished_ + 1, " of ", variants_, ", about ",
                                           duration_text(left(share)), " left"));
  }
  void end() override { inner_->end(); }

 private:
  asterism::ProgressSink* inner_;
  std::size_t variants_;
  std::size_t finished_ = 0;
  std::uint64_t total_ = 0;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace example
