// The page of a run, for --report-html.
#pragma once

#include <asterism/core/format.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/generate/options.hpp>
#include <asterism/lab/conditions.hpp>
#include <asterism/lab/run_report.hpp>
#include <asterism/observe/timeline.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "command_line.hpp"
#include "expert_tally.hpp"

namespace example {

/// Choices so far, of a model whose Blueprint has ExpertTally as its observer.
inline lab::ExpertUsage tallied_usage() {
  const std::vector<std::vector<std::uint64_t>> choices = ExpertTally::choices();
  const std::size_t experts = choices.empty() ? 0 : choices.front().size();
  lab::ExpertUsage usage(static_cast<std::int32_t>(choices.size()), static_cast<std::int32_t>(experts));
  for (std::size_t layer = 0; layer < choices.size(); ++layer) {
    for (std::size_t expert = 0; expert < experts; ++expert) {
      usage.add(static_cast<std::int32_t>(layer), static_cast<std::int32_t>(expert), choices[layer][expert]);
    }
  }
  return usage;
}

inline std::vector<lab::AnswerPace> paces_of(const std::vector<GenerationStats>& answers) {
  std::vector<lab::AnswerPace> out;
  for (const GenerationStats& one : answers) {
    const auto count = [](std::int32_t tokens) { return static_cast<std::uint64_t>(tokens > 0 ? tokens : 0); };
    out.push_back({.prefill = {count(one.usage.prompt_tokens - one.usage.cached_tokens), one.prefill_seconds},
                   .decode = {count(one.usage.completion_tokens - 1), one.decode_seconds}});
  }
  return out;
}

/// Writes the page of a run; without a path nothing is done.
class RunPage {
 public:
  /// Throws FileError where `path` can't be written.
  explicit RunPage(std::string path) : path_(std::move(path)) {
    if (!path_.empty()) file::NewFile(path_, 0);  // before the work, not after it
  }

  bool is_wanted() const { return !path_.empty(); }

  /// `report`: what the model knows; use of experts, spans and speeds are added.
  void write(lab::RunReport report, const std::vector<GenerationStats>& answers, const observe::Timeline& timeline,
             const std::string& title) const {
    report.usage = tallied_usage();
    report.handed_over = ExpertTally::handed_over();
    report.answers = paces_of(answers);
    report.spans = timeline.spans();
    report.recorded = timeline.recorded();
    file::write_text_file(path_, lab::run_html(report, title));
  }

 private:
  std::string path_;
};

/// `trace`: the path of declare_trace; the parsed options throw OptionError where it is the same file. Takes the
/// program's callback.
inline CLI::Option* declare_run_page(CLI::App& app, std::string& path, const std::string& trace) {
  app.callback([&path, &trace] {
    if (path.empty() || trace.empty()) return;
    const auto whole = [](const std::string& one) {
      return std::filesystem::weakly_canonical(std::filesystem::absolute(one));
    };
    if (whole(path) != whole(trace)) return;
    throw OptionError(concat("--report-html: ", path, " is the file of --trace; see --help"));
  });
  return app
      .add_option(
          "--report-html", path,
          "Write memory, use of experts, speed and cache, each beside its limit where that is known, to this "
          "file: a page with pictures")
      ->option_text("FILE");
}

}  // namespace example
