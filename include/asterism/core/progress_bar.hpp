// Progress for a person: a bar on a terminal, lines in a log.
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

/// Shows what is done of work that takes more than a second: on a terminal as one line, as wide as it is, that is drawn
/// again ten times a second; elsewhere as a line in ten seconds. Writes to `out` (stderr, so that output stays clean).
/// Use a plain ProgressSink for silence. `now` are nanoseconds of a steady clock.
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
  /// What fits into `width` columns: task and percent, and of the rest as much as possible.
  std::string line(std::uint64_t done, std::string_view item, std::int64_t now, std::size_t width) const;
  /// Of the terminal, asked anew as people change it.
  std::size_t width() const;
  void write(std::string_view text);

  std::FILE* out_;
  std::int64_t (*now_)();
  bool terminal_;
  std::string task_;
  std::uint64_t total_ = 0;
  ProgressUnit unit_ = ProgressUnit::bytes;
  std::int64_t started_ = 0;
  std::int64_t next_ = 0;  ///< when to write again
  bool drawn_ = false;     ///< a line stands on the terminal
};

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/core/progress_bar_impl.hpp"
#endif
