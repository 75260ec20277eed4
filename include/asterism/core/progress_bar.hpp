// Progress for a person: a bar on a terminal, lines in a log.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/progress.hpp"

namespace asterism {

/// Shows what is done, on a terminal as one line that is drawn again ten times a second, elsewhere as a line for
/// every tenth. Writes to `out` (stderr, so that output stays clean). Use a plain ProgressSink for silence.
class ProgressBar : public ProgressSink {
 public:
  explicit ProgressBar(std::FILE* out = stderr);

  void begin(std::string_view task, std::uint64_t total, ProgressUnit unit) override;
  void advance(std::uint64_t done, std::string_view item) override;
  void end() override;

 private:
  double share(std::uint64_t done) const;
  std::string rate(std::uint64_t done, std::int64_t now) const;
  std::string amount(std::uint64_t units) const;
  void write(std::string_view text);

  std::FILE* out_;
  bool terminal_;
  std::string task_;
  std::uint64_t total_ = 0;
  ProgressUnit unit_ = ProgressUnit::bytes;
  int tenths_ = 0;
  std::int64_t started_ = 0;  ///< nanoseconds of a steady clock, and the next
  std::int64_t drawn_ = 0;
};

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/core/progress_bar_impl.hpp"
#endif
