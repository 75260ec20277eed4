// Requests of many threads: each gets the answer that it would get alone, waits, is cancelled, runs out of time or
// fails by itself.
#include "asterism/generate/scheduler.hpp"

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/any_model.hpp"
#include "asterism/generate/load.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/batch_answers.hpp"
#include "generate/recorded_sink.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using namespace std::chrono_literals;
using test::check_error;
using test::Exact;
using test::golden_model;
using test::greedy;
using test::RecordedSink;
using test::sampled;

namespace {

using Sink = std::shared_ptr<RecordedSink>;

const AnyModel& demo() {
  static const AnyModel model(load<Exact>(golden_model("demo")));
  return model;
}

Sink sink() { return std::make_shared<RecordedSink>(); }

std::vector<ScheduledRequest> request(const std::string& prompt, const GenerateOptions& options, const Sink& to,
                                      std::uint64_t seed = 0) {
  std::vector<ScheduledRequest> out(1);
  out[0].prompt = demo().prompt(prompt, {});
  out[0].options = options;
  out[0].session.seed = seed;
  out[0].sink = to;
  return out;
}

/// While one lives, passes wait for `let`.
class Gate {
 public:
  Gate() {
    test::Watch::on_route = [this](std::int32_t layer, std::int32_t /*position*/) {
      if (layer == 0 && !open_) {
        arrived_.release();
        passes_.acquire();
      }
    };
  }
  ~Gate() { test::Watch::on_route = nullptr; }
  /// Waits until a pass has begun.
  void wait() { arrived_.acquire(); }
  void open() {
    open_ = true;
    passes_.release(1000);
  }

 private:
  std::atomic<bool> open_ = false;
  std::counting_semaphore<100'000> arrived_{0};
  std::counting_semaphore<100'000> passes_{0};
};

}  // namespace

TEST_CASE("requests of several threads get the answers that they get alone") {
  Scheduler scheduler(demo().batch(3), 16);
  std::vector<Sink> sinks(24);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < sinks.size(); i += 4) {
          sinks[i] = sink();
          scheduler.submit(request("prompt " + std::to_string(i), sampled(15), sinks[i], i));
        }
      });
    }
  }
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    CAPTURE(i);
    CHECK(sinks[i]->wait().stats.finish_reason == FinishReason::max_tokens);
    AnySession session = demo().session({.seed = i});
    std::string text;
    for (const std::string_view piece : session.generate("prompt " + std::to_string(i), sampled(15)))
      text += piece;
    CHECK(sinks[i]->text == text);
  }
  CHECK(scheduler.drain(SchedulerOptions::Clock::now() + 10s));
  CHECK(scheduler.load().running == 0);
}

TEST_CASE("rows and waiting room are bounded; several requests are taken together or not at all") {
  const auto gate = std::make_unique<Gate>();
  Scheduler scheduler(demo().batch(1), 16, {.waiting = 2});
  const std::vector<Sink> sinks = {sink(), sink(), sink(), sink()};
  scheduler.submit(request("A", greedy(3), sinks[0]));
  gate->wait();
  auto three = request("B", greedy(3), sinks[1]);
  for (std::size_t i = 2; i < 4; ++i) three.push_back(request("C", greedy(3), sinks[i]).front());
  check_error<QueueFull>([&] { scheduler.submit(three); }, {"0 requests wait", "at most 2"});
  CHECK(scheduler.load().waiting == 0);
  three.pop_back();
  CHECK(scheduler.submit(three).size() == 2);
  check_error<QueueFull>([&] { scheduler.submit(request("D", greedy(3), sinks[3])); }, {"2 requests wait"});
  const SchedulerLoad load = scheduler.load();
  CHECK(load.rows == 1);
  CHECK(load.running == 1);
  CHECK(load.waiting == 2);
  gate->open();
  for (std::size_t i = 0; i < 3; ++i) CHECK(sinks[i]->wait().stats.finish_reason == FinishReason::max_tokens);
  CHECK_FALSE(sinks[3]->ended());
}

TEST_CASE("a cancelled request frees its row after the pass under way, in prefill too") {
  const auto gate = std::make_unique<Gate>();
  Scheduler scheduler(demo().batch(1), 16);
  const Sink running = sink();
  const Sink waiting = sink();
  const Sink next = sink();
  std::string longer;
  for (int i = 0; i < 60; ++i) longer += " word";
  const auto first = scheduler.submit(request(longer, greedy(20), running)).front();
  const auto second = scheduler.submit(request("B", greedy(20), waiting)).front();
  scheduler.submit(request("C", greedy(2), next));
  gate->wait();
  scheduler.cancel(first);
  scheduler.cancel(second);
  scheduler.cancel(12345);
  gate->open();
  CHECK(next->wait().stats.finish_reason == FinishReason::max_tokens);
  CHECK(running->ended());
  CHECK(waiting->ended());
  for (const Sink& one : {running, waiting}) {
    CHECK(one->last.stats.finish_reason == FinishReason::cancelled);
    CHECK(one->tokens.empty());
    CHECK_FALSE(one->last.timed_out);
  }
}

TEST_CASE("deadlines end waiting and running requests, by the clock that was given") {
  std::atomic<std::int64_t> seconds = 0;
  const auto now = [&] { return SchedulerOptions::Clock::time_point(std::chrono::seconds(seconds.load())); };
  const auto gate = std::make_unique<Gate>();
  std::atomic<int> passes = 0;
  Scheduler scheduler(demo().batch(1), 16,
                      {.now = now, .passed = [&](double took) { passes += took >= 0 ? 1 : 1000; }});
  const Sink running = sink();
  const Sink waiting = sink();
  const Sink patient = sink();
  auto one = request("A", greedy(100), running);
  one[0].longest = 60s;
  one[0].longest_wait = 1s;  // it has a row before that
  scheduler.submit(one);
  gate->wait();
  auto two = request("B", greedy(3), waiting);
  two[0].longest_wait = 30s;
  scheduler.submit(two);
  scheduler.submit(request("C", greedy(3), patient));
  seconds = 60;
  gate->open();
  CHECK(waiting->wait().timed_out);
  CHECK(waiting->tokens.empty());
  CHECK(running->wait().timed_out);
  CHECK(running->tokens.size() == 1);  // of the pass under way
  CHECK(patient->wait().stats.finish_reason == FinishReason::max_tokens);
  CHECK_FALSE(patient->last.timed_out);
  CHECK(running->last.waited_seconds == 0);
  CHECK(waiting->last.waited_seconds == 60);
  CHECK(patient->last.waited_seconds == 60);
  CHECK(passes >= 4);  // one of the first request, and one for each token of the last
  CHECK(passes < 1000);
}

TEST_CASE("a request whose logits are no numbers fails alone, in its prompt's scores too") {
  auto typed = load<Exact>(golden_model("demo"));
  constexpr TokenId poison = 123;
  std::fill_n(reinterpret_cast<float*>(typed.network().embedding().data) + std::size_t{poison} * 128, 128,
              std::numeric_limits<float>::quiet_NaN());
  const AnyModel model(std::move(typed));
  Scheduler scheduler(model.batch(3), 16);
  const std::vector<Sink> sinks = {sink(), sink(), sink(), sink()};
  std::vector<ScheduledRequest> requests(4);
  for (std::size_t i = 0; i < 4; ++i) {
    requests[i].prompt.tokens = i % 2 == 0 ? std::vector<TokenId>{1, 5, 6} : std::vector<TokenId>{1, poison, 7};
    requests[i].options = greedy(8);
    requests[i].sink = sinks[i];
  }
  requests[3].options.top_logprobs = 1;
  requests[3].options.prompt_logprobs = true;
  scheduler.submit(requests);
  AnySession session = model.session();
  const auto expected = session.generate_tokens(std::vector<TokenId>{1, 5, 6}, greedy(8));
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    const AnswerEnd& end = sinks[i]->wait();
    if (i % 2 == 0) {
      CHECK(sinks[i]->tokens == expected);
      CHECK(end.error.empty());
    } else {
      CHECK(sinks[i]->tokens.empty());
      CHECK(end.error.find("NaN") != end.error.npos);
      CHECK(end.error.find("cancel it") == end.error.npos);
    }
  }
}

TEST_CASE("bad requests are refused when they are submitted") {
  Scheduler scheduler(demo().batch(1), 16);
  const Sink to = sink();
  GenerateOptions options;
  options.top_p = 0;
  check_error<InvalidArgument>([&] { scheduler.submit(request("A", options, to)); }, {"top_p"});
  check_error<InvalidArgument>([&] { scheduler.submit(request("A", {}, nullptr)); }, {"sink"});
  auto empty = request("A", {}, to);
  empty[0].prompt.tokens.clear();
  check_error<InvalidArgument>([&] { scheduler.submit(empty); }, {"no tokens"});
  CHECK(scheduler.submit({}).empty());
  CHECK_FALSE(to->ended());
  check_error<InvalidArgument>([] { Scheduler(demo().batch(1), 16, {.least_prompt_rows = 0}); }, {"least_prompt"});
}

TEST_CASE("draining takes nothing new, ends what runs, and cancels what is late") {
  {
    Scheduler scheduler(demo().batch(2), 16);
    const Sink runs = sink();
    scheduler.submit(request("A", greedy(30), runs));
    CHECK(scheduler.drain(SchedulerOptions::Clock::now() + 60s));
    CHECK(runs->last.stats.finish_reason == FinishReason::max_tokens);
    check_error<Draining>([&] { scheduler.submit(request("B", greedy(3), sink())); }, {"no more requests"});
    CHECK(scheduler.load().draining);
  }
  const auto gate = std::make_unique<Gate>();
  Scheduler scheduler(demo().batch(1), 16);
  const Sink runs = sink();
  const Sink waits = sink();
  scheduler.submit(request("A", greedy(30), runs));
  scheduler.submit(request("B", greedy(30), waits));
  gate->wait();
  std::jthread later([&] {
    std::this_thread::sleep_for(50ms);
    gate->open();
  });
  CHECK_FALSE(scheduler.drain(SchedulerOptions::Clock::now()));
  CHECK(runs->ended());
  CHECK(waits->ended());
  CHECK(waits->last.stats.finish_reason == FinishReason::cancelled);
}

TEST_CASE("a scheduler that goes away ends what it has") {
  const std::vector<Sink> sinks = {sink(), sink(), sink()};
  {
    Scheduler scheduler(demo().batch(1), 16);
    for (const Sink& one : sinks) scheduler.submit(request("A", greedy(100), one));
  }
  for (const Sink& one : sinks) CHECK(one->ended());
  CHECK(sinks[2]->last.stats.finish_reason == FinishReason::cancelled);
}
