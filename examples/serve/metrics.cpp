#include "metrics.hpp"

#include <asterism/core/format.hpp>
#include <cstdint>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace example {

namespace {

/// Seconds, about half a decade each.
const prometheus::Histogram::BucketBoundaries buckets = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;

  prometheus::Family<prometheus::Gauge>& gauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }
  prometheus::Family<prometheus::Counter>& counters(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  prometheus::Histogram& histogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
  }

  prometheus::Family<prometheus::Gauge>& requests =
      gauges("asterism_requests", "Answers that are being made (running) or wait for a row (waiting)");
  prometheus::Family<prometheus::Counter>& answers =
      counters("asterism_answers_total", "Answers that have ended, by reason");
  prometheus::Family<prometheus::Counter>& tokens = counters(
      "asterism_tokens_total",
      "Tokens of ended answers: of prompts, of these not computed again (cached), and of answers (completion)");
  prometheus::Family<prometheus::Gauge>& bytes =
      gauges("asterism_device_bytes", "Memory of a device: planned, used and high_water");
  prometheus::Histogram& first = histogram("asterism_time_to_first_token_seconds",
                                           "From a request's arrival to the first token of an answer");
  prometheus::Histogram& next =
      histogram("asterism_time_between_tokens_seconds", "From one token of an answer to the next");
  prometheus::Histogram& queue = histogram("asterism_time_in_queue_seconds", "What an answer waited for a row");
  prometheus::Histogram& pass = histogram("asterism_pass_seconds", "A pass of the model");
  prometheus::Family<prometheus::Counter>& experts = counters(
      "asterism_expert_uses_total", "Experts in turns that passes needed: found in a slot (hit) or not (miss)");
  prometheus::Counter& waited =
      counters("asterism_expert_wait_seconds_total", "What computing waited for experts").Add({});
  std::mutex mutex;
  residency::SlotCounts seen{};

  /// Counters are there from the beginning, so that what they grow by is known of the first, too.
  Families() {
    for (const char* reason : {"stop", "length", "cancelled", "timeout", "failed"})
      answers.Add({{"reason", reason}});
    for (const char* kind : {"prompt", "cached", "completion"}) tokens.Add({{"kind", kind}});
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;
bool Metrics::available() { return true; }

void Metrics::first_token(double seconds) { families_->first.Observe(seconds); }
void Metrics::next_token(double seconds) { families_->next.Observe(seconds); }

void Metrics::ended(const AnswerEnd& end) {
  const Usage& usage = end.stats.usage;
  families_->answers.Add({{"reason", reason_of(end)}}).Increment();
  families_->queue.Observe(end.waited_seconds);
  families_->tokens.Add({{"kind", "prompt"}}).Increment(usage.prompt_tokens);
  families_->tokens.Add({{"kind", "cached"}}).Increment(usage.cached_tokens);
  families_->tokens.Add({{"kind", "completion"}}).Increment(usage.completion_tokens);
}

void Metrics::passed(double seconds, const residency::SlotCounts& slots) {
  families_->pass.Observe(seconds);
  const std::scoped_lock lock(families_->mutex);
  residency::SlotCounts& seen = families_->seen;
  if (slots.uses == 0) return;
  families_->experts.Add({{"found", "hit"}}).Increment(static_cast<double>(slots.hits - seen.hits));
  families_->experts.Add({{"found", "miss"}}).Increment(static_cast<double>(slots.missed() - seen.missed()));
  families_->waited.Increment(slots.seconds_waited - seen.seconds_waited);
  seen = slots;
}

std::string Metrics::text(const SchedulerLoad& load, const placement::Plan& plan,
                          const std::vector<generate::ArenaUse>& arenas) const {
  families_->requests.Add({{"state", "running"}}).Set(static_cast<double>(load.running));
  families_->requests.Add({{"state", "waiting"}}).Set(static_cast<double>(load.waiting));
  for (std::size_t d = 0; d < arenas.size(); ++d) {
    const auto set = [&](const char* kind, Bytes bytes) {
      families_->bytes.Add({{"device", concat(d)}, {"kind", kind}}).Set(static_cast<double>(bytes.count));
    };
    set("planned", plan.peak(d));
    set("used", arenas[d].used);
    set("high_water", arenas[d].high_water);
  }
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace example
