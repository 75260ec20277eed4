// Progress for a person: a bar on a terminal, lines in a log.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <unistd.h>

#include "asterism/core/bytes.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"

namespace asterism {

/// Shows what is done, on a terminal as one line that is drawn again ten times a second, elsewhere as a line for
/// every tenth. Writes to `out` (stderr, so that output stays clean). Use a plain ProgressSink for silence.
class ProgressBar : public ProgressSink {
 public:
  explicit ProgressBar(std::FILE* out = stderr) : out_(out), terminal_(::isatty(::fileno(out)) != 0) {}

  void begin(std::string_view task, std::uint64_t total, ProgressUnit unit) override {
    task_ = task;
    total_ = total;
    unit_ = unit;
    tenths_ = 0;
    started_ = drawn_ = Clock::now();
  }

  void advance(std::uint64_t done, std::string_view item) override {
    const Clock::time_point now = Clock::now();
    if (terminal_) {
      if (done < total_ && now - drawn_ < std::chrono::milliseconds(100)) return;
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

  void end() override {
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    write(
        concat(terminal_ ? "\r\033[K" : "", task_, " done: ", amount(total_), " in ", fixed(seconds, 2), " s\n"));
  }

 private:
  using Clock = std::chrono::steady_clock;

  double share(std::uint64_t done) const {
    return total_ == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total_);
  }
  std::string rate(std::uint64_t done, Clock::time_point now) const {
    const double seconds = std::chrono::duration<double>(now - started_).count();
    if (seconds < 1e-3) return {};
    return amount(static_cast<std::uint64_t>(static_cast<double>(done) / seconds)) + "/s";
  }
  std::string amount(std::uint64_t units) const {
    return unit_ == ProgressUnit::bytes ? to_string(Bytes{units}) : concat(units);
  }
  void write(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), out_);
    std::fflush(out_);
  }

  std::FILE* out_;
  bool terminal_;
  std::string task_;
  std::uint64_t total_ = 0;
  ProgressUnit unit_ = ProgressUnit::bytes;
  int tenths_ = 0;
  Clock::time_point started_;
  Clock::time_point drawn_;
};

}  // namespace asterism
