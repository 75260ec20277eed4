// What a run tells of each step: a line of JSON.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/train/report.hpp"

namespace asterism::train {

/// One step in a log.
struct LogLine {
  StepReport report{};
  std::uint64_t tokens = 0;             ///< passed since the beginning of the run
  double seconds = 0;                   ///< of training since then
  std::optional<double> held_out = {};  ///< loss on held-out examples after the step
  std::vector<double> violation{};      ///< of each layer with experts: largest load / mean load - 1
  std::vector<double> entropy{};        ///< of each layer with experts: mean of its router's entropies in nats
  std::vector<std::int32_t> dead{};     ///< of each layer with experts: those without a row in the last 100 steps
  std::vector<std::int32_t> load{};     ///< choices of each expert, layer by layer (layers with experts * experts)
};

/// The line, without its end: {"step":1,"loss":...}.
std::string to_json(const LogLine& line);
/// FormatError naming `where`.
LogLine parse_log_line(const std::string& text, const std::string& where);

/// A file of such lines, one a step, each on the disk's way before the next step. Not thread-safe.
class Log {
 public:
  /// Goes on behind the lines of steps up to `step`: those after it, of a run that was killed, are dropped, and so is
  /// all behind a line that is damaged. FileError.
  Log(std::string path, std::int64_t step);

  const std::string& path() const { return path_; }
  /// FileError where the disk refuses.
  void add(const LogLine& line);
  /// Waits until all lines are on the disk. FileError where it refuses.
  void sync();

  /// All lines of a file. An unfinished last line is left out.
  static std::vector<LogLine> read(const std::string& path);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

/// The lines as comma-separated values with a head, for spreadsheets; of layers the worst, and no load of experts.
std::string to_csv(View<const LogLine> lines);

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/log_impl.hpp"
#endif
