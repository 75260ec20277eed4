// A timeline tells what a model's passes take their time for, and changes nothing.
#include "asterism/observe/timeline.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/hazard.hpp"
#include "asterism/generate/load_slotted.hpp"
#include "asterism/generate/write_experts.hpp"
#include "asterism/json/json.hpp"
#include "asterism/lab/perfetto_trace.hpp"
#include "asterism/machine/machine.hpp"

#include "support/files.hpp"
#include "support/golden.hpp"

using namespace asterism;
using observe::Span;
using observe::SpanKind;

namespace {

struct Small : Blueprint {
  static constexpr Limits limits{.context = 96, .batch = 2, .prefill_chunk = 8, .threads = 1};
};
struct InTurns : Small {
  using Cache = cache::Hazard;
};

const std::string models = std::string(ASTERISM_GOLDEN_DIR) + "/models/";
const std::vector<TokenId> prompt = {5, 9, 3, 7, 2, 11, 4, 6, 8, 1, 10, 12};
const GenerateOptions options{.temperature = 0, .max_tokens = 6, .stop_at_eos = false};

std::size_t count(const std::vector<Span>& spans, SpanKind kind) {
  std::size_t out = 0;
  for (const Span& span : spans) out += span.kind == kind ? 1 : 0;
  return out;
}

constexpr std::int64_t tick = 10;
/// A clock that goes on by a tick with each look.
std::int64_t ticks() {
  static std::int64_t at = 0;
  return at += tick;
}

/// Laps of each pass follow each other from its beginning. Returns what of all passes they leave out.
std::int64_t check_passes(const std::vector<Span>& spans) {
  std::int64_t left_out = 0;
  std::int64_t at = -1;
  for (const Span& span : spans) {
    if (span.kind > SpanKind::hand_over) continue;
    if (span.kind == SpanKind::pass) {
      left_out += span.end - span.begin;
      CHECK(at <= span.end);
      at = -1;
      continue;
    }
    CHECK((at < 0 || span.begin == at));
    left_out -= span.end - span.begin;
    at = span.end;
  }
  return left_out;
}

}  // namespace

TEST_CASE("the spans of an answer add up to its passes, layer by layer") {
  const auto model = load<Small>(models + "demo", {.machine = equal_devices(2, 8_MiB)});
  const auto layers = static_cast<std::size_t>(model.shape().layers);
  auto session = model.session();
  const std::vector<TokenId> unheard = session.generate_tokens(prompt, options);
  const auto timeline = std::make_shared<observe::Timeline>(4096, ticks);
  model.set_timeline(timeline);
  session.clear();
  CHECK(session.generate_tokens(prompt, options) == unheard);
  const std::vector<Span> spans = timeline->spans();
  // Twelve tokens in two chunks, then five of the answer, whose last is not computed.
  CHECK(count(spans, SpanKind::pass) == 7);
  CHECK(count(spans, SpanKind::embed) == 7);
  CHECK(count(spans, SpanKind::attention) == 7 * layers);
  CHECK(count(spans, SpanKind::experts) == 7 * layers);
  CHECK(count(spans, SpanKind::hand_over) == 7);
  CHECK(count(spans, SpanKind::head) == 6);
  CHECK(count(spans, SpanKind::sample) == 6);
  CHECK(spans.size() == timeline->recorded());
  CHECK(check_passes(spans) == 7 * tick);  // from the last lap of each to its end
  std::int32_t rows = 0;
  for (const Span& span : spans) {
    if (span.kind == SpanKind::pass) rows += span.rows;
    if (span.kind == SpanKind::experts) CHECK(span.device == model.plan().device_of_layer(span.layer));
  }
  CHECK(rows == 12 + 5);
  model.set_timeline(nullptr);
  session.clear();
  session.generate_tokens(prompt, options);
  CHECK(timeline->recorded() == spans.size());
}

TEST_CASE("experts in turns tell of waits, copies and evictions") {
  const test::TemporaryFolder folder;
  ProgressSink silence;
  const std::string checkpoint = models + "many_experts";
  write_experts<Small>(checkpoint, folder / "experts", silence);
  const Shape shape = generate::read_config(checkpoint).shape;
  const placement::Plan roomy = plan<InTurns>(equal_devices(1, 1_GiB), shape);
  const Machine machine = equal_devices(1, roomy.peak(0) - roomy.footprint.slotted.each * 20);
  const auto model = load<InTurns>(checkpoint, {.machine = machine, .experts = folder / "experts"});
  const auto timeline = std::make_shared<observe::Timeline>(1U << 16U);
  model.set_timeline(timeline);
  auto session = model.session();
  for (TokenId i = 0; i < 20; ++i) {
    std::vector<TokenId> other = prompt;
    for (TokenId& token : other) token = (token * 7 + i) % 50;
    session.clear();
    session.generate_tokens(other, options);
  }
  const std::vector<Span> spans = timeline->spans();
  const residency::SlotCounts counts = model.slot_counts();
  CHECK(count(spans, SpanKind::copy) == counts.fetched + counts.bypassed);
  CHECK(count(spans, SpanKind::wait) == counts.fetched + counts.bypassed);
  CHECK(count(spans, SpanKind::evict) > 0);
  CHECK(count(spans, SpanKind::evict) < counts.fetched);
  double waited = 0;
  for (const Span& span : spans) {
    CHECK(span.end >= span.begin);
    if (span.kind == SpanKind::wait) waited += static_cast<double>(span.end - span.begin) * 1e-9;
    if (span.kind == SpanKind::copy) CHECK(span.expert >= 0);
  }
  CHECK(waited >= counts.seconds_waited);
  CHECK(check_passes(spans) >= 0);
  // Played back: what leaves a slot was copied there since it left last.
  REQUIRE(spans.size() == timeline->recorded());
  std::set<std::pair<std::int32_t, std::int32_t>> copied;
  for (const Span& span : spans) {
    if (span.kind == SpanKind::copy) copied.insert({span.layer, span.expert});
    if (span.kind == SpanKind::evict) CHECK(copied.erase({span.layer, span.expert}) == 1);
  }
  const json::Value trace = json::parse(lab::perfetto_trace(View<const Span>(spans), "run"), "trace");
  CHECK(trace.at("traceEvents").size() > spans.size());
}

TEST_CASE("spans can be read while a model answers") {
  const auto model = load<Small>(models + "demo", {.machine = equal_devices(1, 16_MiB)});
  const auto timeline = std::make_shared<observe::Timeline>(64);
  model.set_timeline(timeline);
  std::size_t most = 0;
  {
    const std::jthread reader([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) most = std::max(most, timeline->spans().size());
    });
    auto session = model.session();
    for (int i = 0; i < 20; ++i) {
      session.clear();
      session.generate_tokens(prompt, options);
    }
  }
  CHECK(most <= 64);
  CHECK(timeline->spans().size() == 64);
  CHECK(timeline->recorded() > 20 * 6 * 8);
}
