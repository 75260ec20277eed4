// Bodies of scheduler.hpp.
#pragma once

#include <algorithm>
#include <exception>
#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/generate/scheduler.hpp"

namespace asterism {

/// A request between `submit` and its end; the sink of the batch, which adds why it ended.
struct Scheduler::Entry final : AnswerSink {
  std::uint64_t id = 0;
  ScheduledRequest request;
  TimePoint submitted{};
  std::chrono::duration<double> waited{};  ///< for a row
  TimePoint waits_until = TimePoint::max();
  TimePoint ends_by = TimePoint::max();
  bool cancelled = false;  ///< under the mutex
  std::uint64_t in_batch = 0;
  bool timed_out = false;
  bool ended = false;
  std::string error;

  void add(const AnswerPart& part) override { request.sink->add(part); }
  void end(const AnswerEnd& by_batch) override {
    ended = true;
    request.sink->end(
        {.stats = by_batch.stats, .waited_seconds = waited.count(), .timed_out = timed_out, .error = error});
  }
  /// Of a request that the batch does not know.
  void end_unknown() {
    GenerationStats stats;
    stats.finish_reason = FinishReason::cancelled;
    stats.usage.prompt_tokens = static_cast<std::int32_t>(request.prompt.tokens.size());
    end({.stats = stats});
  }
};

ASTERISM_INLINE Scheduler::Scheduler(AnyBatch batch, std::size_t most_prompt_rows, SchedulerOptions options)
    : options_(std::move(options)),
      batch_(std::move(batch)),
      budget_(std::chrono::duration<double>(options_.pass_target).count(), options_.least_prompt_rows,
              most_prompt_rows) {
  if (options_.pass_target.count() < 1 || options_.least_prompt_rows < 1 || !options_.now) {
    throw InvalidArgument("SchedulerOptions: pass_target, least_prompt_rows and now must be set");
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ASTERISM_INLINE Scheduler::~Scheduler() {
  thread_.request_stop();
  thread_.join();
}

ASTERISM_INLINE std::vector<std::uint64_t> Scheduler::submit(std::vector<ScheduledRequest> requests) {
  for (const ScheduledRequest& request : requests) {
    if (!request.sink) throw InvalidArgument("ScheduledRequest::sink is not set: nobody would hear of the answer");
    batch_.check(request.prompt.tokens, request.options);
  }
  const TimePoint now = options_.now();
  std::vector<std::uint64_t> ids;
  const std::lock_guard lock(mutex_);
  if (draining_) throw Draining("no more requests are taken: this is to end");
  if (requests.size() > batch_.rows() + options_.waiting) {
    throw InvalidArgument(concat(requests.size(), " requests at once: at most ", batch_.rows(), " have a row and ",
                                 options_.waiting, " may wait"));
  }
  if (requests.size() > room()) {
    throw QueueFull(concat(waiting_.size(), " requests wait for one of ", batch_.rows(), " rows, at most ",
                           options_.waiting, " may: try again later"));
  }
  for (ScheduledRequest& request : requests) {
    auto entry = std::make_unique<Entry>();
    entry->id = next_id_++;
    entry->submitted = now;
    if (request.longest_wait) entry->waits_until = now + *request.longest_wait;
    if (request.longest) entry->ends_by = now + *request.longest;
    entry->request = std::move(request);
    ids.push_back(entry->id);
    waiting_.push_back(std::move(entry));
  }
  changed_.notify_one();
  return ids;
}

ASTERISM_INLINE void Scheduler::cancel(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto mark = [id](const std::unique_ptr<Entry>& entry) {
    if (entry->id == id) entry->cancelled = true;
  };
  std::ranges::for_each(waiting_, mark);
  std::ranges::for_each(running_, mark);
}

ASTERISM_INLINE bool Scheduler::drain(SchedulerOptions::Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  const auto idle = [this] { return is_idle(); };
  if (idle_.wait_until(lock, deadline, idle)) return true;
  for (const std::unique_ptr<Entry>& entry : waiting_) entry->cancelled = true;
  for (const std::unique_ptr<Entry>& entry : running_) entry->cancelled = true;
  idle_.wait(lock, idle);
  return false;
}

ASTERISM_INLINE SchedulerLoad Scheduler::load() const {
  const std::lock_guard lock(mutex_);
  return {.rows = batch_.rows(), .running = running_.size(), .waiting = waiting_.size(), .draining = draining_};
}

ASTERISM_INLINE void Scheduler::run(const std::stop_token& stop) {
  Entries ended;
  while (next(stop, ended)) {
    for (const std::unique_ptr<Entry>& entry : ended) entry->end_unknown();
    for (const std::unique_ptr<Entry>& entry : running_) {
      if (entry->in_batch == 0) start(*entry);
    }
    step();
    const std::lock_guard lock(mutex_);
    std::erase_if(running_, [](const std::unique_ptr<Entry>& entry) { return entry->ended; });
    ended.clear();
    ending_ = false;
    if (is_idle()) idle_.notify_all();
  }
}

ASTERISM_INLINE bool Scheduler::next(const std::stop_token& stop, Entries& ended) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !waiting_.empty() || !running_.empty(); });
  if (waiting_.empty() && running_.empty()) return false;
  const TimePoint now = options_.now();
  const bool stopped = stop.stop_requested();
  for (const std::unique_ptr<Entry>& entry : running_) {
    entry->timed_out = entry->timed_out || (!entry->cancelled && now >= entry->ends_by);
    if (entry->cancelled || entry->timed_out || stopped) batch_.cancel(entry->in_batch);
  }
  for (std::unique_ptr<Entry>& entry : waiting_) {
    entry->timed_out = !entry->cancelled && now >= std::min(entry->ends_by, entry->waits_until);
    entry->waited = now - entry->submitted;
    if (entry->cancelled || entry->timed_out || stopped) ended.push_back(std::move(entry));
  }
  std::erase(waiting_, nullptr);
  ending_ = !ended.empty();
  while (!waiting_.empty() && running_.size() < batch_.rows()) {
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return true;
}

ASTERISM_INLINE void Scheduler::start(Entry& entry) {
  ScheduledRequest& request = entry.request;
  try {
    entry.in_batch = batch_.add_prompt(std::move(request.prompt), request.continues_prompt, request.options,
                                       request.session, &entry);
  } catch (const std::exception& error) {
    entry.error = error.what();
    entry.end_unknown();
  }
}

ASTERISM_INLINE void Scheduler::step() {
  const auto fail = [this](Entry& entry, const std::string& why) {
    if (entry.ended) return;
    entry.error = why;
    batch_.cancel(entry.in_batch);  // the next step ends it
  };
  const TimePoint begun = options_.now();
  try {
    batch_.step(budget_.rows());
    const std::chrono::duration<double> took = options_.now() - begun;
    budget_.measured(batch_.last_pass().prompts, took.count());
    if (options_.passed) options_.passed(took.count());
  } catch (const RequestError& error) {
    for (const std::unique_ptr<Entry>& entry : running_) {
      if (entry->in_batch == error.request) fail(*entry, error.reason);
    }
  } catch (const std::exception& error) {
    for (const std::unique_ptr<Entry>& entry : running_) fail(*entry, error.what());
  }
}

}  // namespace asterism
