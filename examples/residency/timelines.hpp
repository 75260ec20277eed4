// Timelines of the runs of a command, written as --html and --perfetto say.
#pragma once

#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/lab/perfetto_trace.hpp>
#include <asterism/lab/timeline.hpp>
#include <asterism/lab/timeline_html.hpp>
#include <asterism/lab/timeline_run.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"

namespace example {

class Timelines {
 public:
  /// For so many runs.
  Timelines(const Arguments& arguments, std::size_t runs) : arguments_(&arguments) {
    constexpr std::size_t shared = 48;
    tokens_ = arguments.timeline_tokens > 0 ? static_cast<std::size_t>(arguments.timeline_tokens)
                                            : std::max<std::size_t>(1, shared / std::max<std::size_t>(1, runs));
    if (!wanted() && arguments.timeline_tokens > 0) {
      throw OptionError("--timeline-tokens is for a page or a trace file: give --html or --perfetto too");
    }
  }

  bool wanted() const { return !arguments_->html.empty() || !arguments_->perfetto.empty(); }

  /// run(timeline) gives the counts; timeline is null where none is wanted.
  template <class Run>
  lab::TimedCounts record(std::string name, std::string group, const Run& run) {
    if (!wanted()) return run(nullptr);
    lab::Timeline timeline(tokens_);
    const lab::TimedCounts counts = run(&timeline);
    runs_.push_back(
        {.name = std::move(name), .group = std::move(group), .counts = counts, .events = timeline.events()});
    return counts;
  }

  /// Behind the first run the fastest first.
  void sort() {
    const auto is_faster = [](const lab::TimelineRun& a, const lab::TimelineRun& b) {
      return a.counts.tokens_per_second() > b.counts.tokens_per_second();
    };
    if (!runs_.empty()) std::stable_sort(runs_.begin() + 1, runs_.end(), is_faster);
  }

  void write(const std::string& title, const std::string& note) const {
    if (!arguments_->html.empty()) file::write_text_file(arguments_->html, lab::timeline_html(runs_, title, note));
    if (!arguments_->perfetto.empty()) file::write_text_file(arguments_->perfetto, lab::perfetto_trace(runs_));
  }

 private:
  const Arguments* arguments_;
  std::size_t tokens_ = 1;
  std::vector<lab::TimelineRun> runs_{};
};

}  // namespace example
