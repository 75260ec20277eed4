// What the server has done, in the text format of Prometheus.
#pragma once

#include <asterism/generate/answer_sink.hpp>
#include <asterism/generate/memory_report.hpp>
#include <asterism/generate/scheduler.hpp>
#include <asterism/placement/plan.hpp>
#include <asterism/residency/slot_counts.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace example {

using namespace asterism;

/// Counters and histograms of a served model. Members may be called by any thread. Without prometheus-cpp they do
/// nothing, and `available` is false.
class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  static bool available();

  /// Seconds from a request's arrival to the first token of an answer, and from one token to the next.
  void first_token(double seconds);
  void next_token(double seconds);
  void ended(const AnswerEnd& end);
  /// A pass took that long; what slots of experts have done so far.
  void passed(double seconds, const residency::SlotCounts& slots);

  /// What a scrape gets. `arenas`: of the plan's devices.
  std::string text(const SchedulerLoad& load, const placement::Plan& plan,
                   const std::vector<generate::ArenaUse>& arenas) const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

/// Why an answer ended, as metrics label it; `stop` and `length` as clients are told.
inline std::string reason_of(const AnswerEnd& end) {
  if (end.timed_out) return "timeout";
  if (!end.error.empty()) return "failed";
  const FinishReason reason = end.stats.finish_reason;
  if (reason == FinishReason::eos || reason == FinishReason::stop_string) return "stop";
  return reason == FinishReason::cancelled ? "cancelled" : "length";
}

}  // namespace example
