// Progress for people: a bar on a terminal, lines in a log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/progress.hpp"

namespace asterism {

namespace detail {
std::int64_t nanoseconds_now();
}  // namespace detail

/// Shows the progress of tasks that take more than a second: on a terminal as one line of its full width, redrawn
/// ten times a second; elsewhere as one line every ten seconds. Writes to `out` (stderr by default, to keep the
/// output clean). For silence use a plain ProgressSink. `now` is in nanoseconds of a steady clock.
class ProgressBar : public ProgressSink {
 public:
  explicit ProgressBar(std::FILE* out = stderr, std::int64_t (*now)() = detail::nanoseconds_now);
  /// Clears the line of a task that failed.
  ~ProgressBar() override;
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void begin(std::string_view task, std::uint64_t total, ProgressUnit unit) override;
  void advance(std::uint64_t done, std::string_view item) override;
  void end() override;

 private:
  double share(std::uint64_t done) const;
  std::string rate(std::uint64_t done, std::int64_t now) const;
  std::string amount(std::uint64_t units) const;
  /// The status that fits into `width` columns: task and percentage, then as much of the rest as possible.
  std::string line(std::uint64_t done, std::string_view item, std::int64_t now, std::size_t width) const;
  /// Width of the terminal, queried anew since people resize it.
  std::size_t width() const;
  void write(std::string_view text);

  std::FILE* out_;
  std::int64_t (*now_)();
  bool terminal_;
  std::string task_;
  std::uint64_t total_ = 0;
  ProgressUnit unit_ = ProgressUnit::bytes;
  std::int64_t started_ = 0;
  std::int64_t next_ = 0;  ///< time of the next write
  bool drawn_ = false;     ///< a line is on the terminal
};

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/core/progress_bar_impl.hpp"
#endif
