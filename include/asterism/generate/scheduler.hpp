// Answers requests from many threads on one batch.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/generate/answer_sink.hpp"
#include "asterism/generate/any_batch.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/generate/pass_budget.hpp"
#include "asterism/generate/prompt.hpp"

namespace asterism {

/// As many requests wait as may.
class QueueFull : public Error {
 public:
  using Error::Error;
};

/// The scheduler takes no more requests, since it is to end.
class Draining : public Error {
 public:
  using Error::Error;
};

struct SchedulerOptions {
  using Clock = std::chrono::steady_clock;

  std::size_t waiting = 64;  ///< requests without a row at most
  /// Passes with prompts take about that long, as far as `least_prompt_rows` rows of them do not take longer.
  std::chrono::milliseconds pass_target{250};
  std::size_t least_prompt_rows = 16;                   ///< 1 or more
  std::function<Clock::time_point()> now = Clock::now;  ///< called by any thread; a test's own
  /// Told the seconds of each pass after it, by the scheduler's thread; must not throw. Empty: nobody is.
  std::function<void(double seconds)> passed{};
};

/// A request for a Scheduler.
struct ScheduledRequest {
  generate::Prompt prompt{};     ///< as LanguageModel::prompt or chat_prompt made it
  bool continues_prompt = true;  ///< the answer continues the prompt's text; false: it is a text of its own
  GenerateOptions options{};
  SessionOptions session{};
  std::shared_ptr<AnswerSink> sink;                         ///< called by the scheduler's thread
  std::optional<std::chrono::milliseconds> longest_wait{};  ///< for a row, from `submit` on
  std::optional<std::chrono::milliseconds> longest{};       ///< in all, from `submit` on
};

/// What a Scheduler has to do.
struct SchedulerLoad {
  std::size_t rows = 0;
  std::size_t running = 0;  ///< requests that have a row
  std::size_t waiting = 0;
  bool draining = false;
};

/// One thread steps a batch as long as there are requests, in order of arrival; answers are those of Batch. Between
/// passes it takes what was cancelled or has run out of time from rows and waiting room, tells sinks, and gives free
/// rows away. A request that can't be computed (RequestError) ends alone; where a pass fails for another reason, all
/// that have a row do. Every request's sink gets exactly one `end`. Thread-safe.
class Scheduler {
 public:
  /// Throws InvalidArgument where options are out of range. `most_prompt_rows`: Limits::prefill_chunk.
  Scheduler(AnyBatch batch, std::size_t most_prompt_rows, SchedulerOptions options = {});
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  /// Cancels what is left.
  ~Scheduler();

  /// Takes all requests or none; returns their ids. Throws QueueFull, Draining, and InvalidArgument where a prompt or
  /// options are invalid; then no sink is called.
  std::vector<std::uint64_t> submit(std::vector<ScheduledRequest> requests);
  /// Ends a request after the pass under way; no effect if it has ended.
  void cancel(std::uint64_t id);
  /// Takes no more requests, waits until all have ended, and cancels those that have not at `deadline`, in real time.
  /// True if none was.
  bool drain(SchedulerOptions::Clock::time_point deadline);

  SchedulerLoad load() const;

 private:
  using TimePoint = SchedulerOptions::Clock::time_point;
  struct Entry;
  using Entries = std::vector<std::unique_ptr<Entry>>;

  void run(const std::stop_token& stop);
  /// Waits for work, and takes from the waiting room what has ended there (to `ended`) or gets a row. False at the end.
  bool next(const std::stop_token& stop, Entries& ended);
  void start(Entry& entry);
  void step();
  bool is_idle() const { return waiting_.empty() && running_.empty() && !ending_; }
  std::size_t room() const { return batch_.rows() + options_.waiting - running_.size() - waiting_.size(); }

  SchedulerOptions options_;
  AnyBatch batch_;
  generate::PassBudget budget_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;  ///< there is something to do
  std::condition_variable idle_;         ///< nothing is left
  std::deque<std::unique_ptr<Entry>> waiting_;
  Entries running_;  ///< changed by the thread under the mutex, and read by it without
  std::uint64_t next_id_ = 1;
  bool ending_ = false;  ///< sinks of requests that left the waiting room are being told
  bool draining_ = false;
  std::jthread thread_;
};

}  // namespace asterism

#if !defined(ASTERISM_COMPILED)
#include "asterism/generate/scheduler_impl.hpp"
#endif
