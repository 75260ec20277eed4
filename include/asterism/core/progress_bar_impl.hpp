// Bodies of progress_bar.hpp.
#pragma once

#include <chrono>
#include <unistd.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress_bar.hpp"

namespace asterism {

namespace detail {

inline std::int64_t nanoseconds_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace detail

ASTERISM_INLINE ProgressBar::ProgressBar(std::FILE* out) : out_(out), terminal_(::isatty(::fileno(out)) != 0) {}

ASTERISM_INLINE void ProgressBar::begin(std::string_view task, std::uint64_t total, ProgressUnit unit) {
  task_ = task;
  total_ = total;
  unit_ = unit;
  tenths_ = 0;
  started_ = drawn_ = detail::nanoseconds_now();
}

ASTERISM_INLINE void ProgressBar::advance(std::uint64_t done, std::string_view item) {
  const std::int64_t now = detail::nanoseconds_now();
  if (terminal_) {
    if (done < total_ && now - drawn_ < 100'000'000) return;
    drawn_ = now;
    const std::string line = concat("\r\033[K", pad_right(task_, 10), " [", bar(share(done), 30), "] ",
                                    pad_left(fixed(100 * share(done), 0), 3), " %  ", amount(done), " of ",
                                    amount(total_), "  ", rate(done, now), "  ", item.substr(0, 48));
    write(line);
  } else if (const auto tenth = static_cast<int>(share(done) * 10); tenth > tenths_) {
    tenths_ = tenth;
    write(concat(task_, " ", pad_left(concat(10 * tenth), 3), " %  ", amount(done), " of ", amount(total_), "  ",
                 rate(done, now), "\n"));
  }
}

ASTERISM_INLINE void ProgressBar::end() {
  const double seconds = static_cast<double>(detail::nanoseconds_now() - started_) * 1e-9;
  write(concat(terminal_ ? "\r\033[K" : "", task_, " done: ", amount(total_), " in ", fixed(seconds, 2), " s\n"));
}

ASTERISM_INLINE double ProgressBar::share(std::uint64_t done) const {
  return total_ == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total_);
}

ASTERISM_INLINE std::string ProgressBar::rate(std::uint64_t done, std::int64_t now) const {
  const double seconds = static_cast<double>(now - started_) * 1e-9;
  if (seconds < 1e-3) return {};
  return amount(static_cast<std::uint64_t>(static_cast<double>(done) / seconds)) + "/s";
}

ASTERISM_INLINE std::string ProgressBar::amount(std::uint64_t units) const {
  return unit_ == ProgressUnit::bytes ? to_string(Bytes{units}) : concat(units);
}

ASTERISM_INLINE void ProgressBar::write(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace asterism
