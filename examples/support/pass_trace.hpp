// What a model's passes did, as a file for Perfetto (ui.perfetto.dev) or Chrome (chrome://tracing).
#pragma once

#include <asterism/core/format.hpp>
#include <asterism/core/view.hpp>
#include <asterism/file/new_file.hpp>
#include <asterism/lab/perfetto_trace.hpp>
#include <asterism/observe/timeline.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "command_line.hpp"

namespace example {

/// Keeps the last spans of a run, where they go to a file or somebody else wants them. Without `path` nothing is
/// written.
class PassTrace {
 public:
  static constexpr std::size_t spans = std::size_t{1} << 18U;  ///< 10 MiB, some minutes of a large model

  /// Throws FileError where `path` can't be written.
  PassTrace(std::string path, bool is_wanted) : path_(std::move(path)) {
    if (!path_.empty()) asterism::file::NewFile(path_, 0);  // before the work, not after it
    if (path_.empty() && !is_wanted) return;
    timeline_ = std::make_shared<asterism::observe::Timeline>(spans);
  }

  /// For `set_timeline`; null where nobody listens.
  const std::shared_ptr<asterism::observe::Timeline>& timeline() const { return timeline_; }

  void write(const std::string& name) const {
    if (path_.empty()) return;
    const auto kept = timeline_->spans();
    if (timeline_->recorded() > kept.size()) {
      tell(asterism::concat("the trace has the last ", kept.size(), " of ", timeline_->recorded(), " spans\n"));
    }
    asterism::file::write_text_file(
        path_, asterism::lab::perfetto_trace(asterism::View<const asterism::observe::Span>(kept), name));
  }

 private:
  std::string path_;
  std::shared_ptr<asterism::observe::Timeline> timeline_;
};

inline void declare_trace(CLI::App& app, std::string& path) {
  app.add_option(
         "--trace", path,
         "Write what passes did when to this file, for ui.perfetto.dev or chrome://tracing: attention, experts, "
         "head, drawing, copies and waits")
      ->option_text("FILE");
}

}  // namespace example
