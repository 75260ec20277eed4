// The page of a run.
#include "asterism/lab/run_report.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/asterism.hpp"
#include "asterism/cache/hazard.hpp"
#include "asterism/lab/forecast.hpp"
#include "asterism/machine/parse.hpp"
#include "asterism/model/slotted_experts.hpp"

using namespace asterism;
using doctest::Approx;
using observe::Span;
using observe::SpanKind;

namespace {

struct Mixtral : Blueprint {
  static constexpr Shape shape = shapes::mixtral_8x7b;
  static constexpr Limits limits{.context = 4096, .batch = 1, .prefill_chunk = 512};
  using Cache = cache::Hazard;
};

struct Resident : Mixtral {
  using Cache = cache::All;
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// A pass of one token takes 1/4 s and finds two experts in no slot, one of them read ahead; then a piece of a prompt;
/// then one that takes 1/8 s and finds all. Another is broken off, before what would be drawn from it.
std::vector<Span> spans() {
  constexpr std::int64_t second = 1'000'000'000;
  return {{.kind = SpanKind::wait, .expert = 1, .rows = 1, .begin = 0, .end = 10},
          {.kind = SpanKind::copy, .expert = 1, .rows = 1, .begin = 0, .end = 10},
          {.kind = SpanKind::wait, .expert = 2, .rows = 1, .begin = 10, .end = 20},
          {.kind = SpanKind::sample, .rows = 1, .begin = 20, .end = 30},
          {.kind = SpanKind::pass, .rows = 1, .begin = 0, .end = second / 4},
          {.kind = SpanKind::wait, .expert = 3, .rows = 9, .begin = second, .end = second + 1},
          {.kind = SpanKind::sample, .rows = 9, .begin = second + 1, .end = second + 2},
          {.kind = SpanKind::pass, .rows = 9, .begin = second, .end = 2 * second},
          {.kind = SpanKind::wait, .expert = 4, .rows = 1, .begin = 2 * second, .end = 2 * second + 1},
          {.kind = SpanKind::pass, .rows = 1, .begin = 2 * second, .end = 3 * second},
          {.kind = SpanKind::sample, .rows = 1, .begin = 3 * second, .end = 3 * second + 1},
          {.kind = SpanKind::pass, .rows = 1, .begin = 3 * second, .end = 3 * second + second / 8}};
}

lab::RunReport report_on(const placement::Plan& plan) {
  lab::RunReport report{.checkpoint = "<b>a & b</b>", .policies = "nf4 \"quoted\"", .plan = plan};
  for (std::size_t d = 0; d < plan.devices(); ++d) report.arenas.push_back({.high_water = 3_GiB, .used = 2_GiB});
  report.usage = lab::ExpertUsage(1, 4);
  report.usage.add(0, 0, 30);
  report.usage.add(0, 1, 10);
  report.answers = {{.prefill = {100, 2}, .decode = {30, 4}}, {.prefill = {10, 1}, .decode = {}}};
  report.spans = spans();
  report.recorded = report.spans.size();
  return report;
}

}  // namespace

TEST_CASE("a page stands alone, and names are text") {
  const std::string html = lab::run_html(report_on(plan<Mixtral>(parse_machine("host:12GiB"))), "a <i>run</i>");
  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(html.ends_with("</body></html>\n"));
  CHECK(has(html, "<title>a &lt;i&gt;run&lt;/i&gt;</title>"));
  CHECK(has(html, "<p>&lt;b&gt;a &amp; b&lt;/b&gt;</p>"));
  CHECK(has(html, "nf4 &quot;quoted&quot;"));
  for (const char* part : {"<script", "<b>a", "http:", "https:", "src=", "url("}) {
    INFO(part);
    CHECK(!has(html, part));
  }
}

TEST_CASE("each device shows budget, plan and what was measured") {
  const placement::Plan two = plan<Resident>(parse_machine("14GiB,14GiB"));
  lab::RunReport report = report_on(two);
  report.handed_over = 5_MiB;
  const std::string html = lab::run_html(report);
  CHECK(has(html, "<h2>Device 0</h2><p>Layers 0 to "));
  CHECK(has(html, "<h2>Device 1</h2><p>Layers "));
  CHECK(has(html, "to 31.</p>"));
  CHECK(has(html, ">14.00 GiB</text>"));
  const double share = 100 * static_cast<double>(two.peak(0).count) / static_cast<double>((14_GiB).count);
  CHECK(has(html, concat(">", to_string(two.peak(0)), ", ", fixed(share, 1), " % of it</text>")));
  const double measured = 100 * static_cast<double>((3_GiB).count) / static_cast<double>(two.peak(0).count);
  CHECK(has(html, concat(">3.00 GiB, ", fixed(measured, 1), " % of the plan</text>")));
  CHECK(has(html, ">2.00 GiB</text>"));
  CHECK(has(html, concat("<p>", to_string(5_MiB), " of hidden states")));
  CHECK(has(lab::run_html(report_on(plan<Mixtral>(parse_machine("host:12GiB")))), "Device 0, host memory"));
  CHECK(!has(html, "Cache of experts"));
}

TEST_CASE("use of experts stands beside the even share") {
  const placement::Plan plan = asterism::plan<Mixtral>(parse_machine("host:12GiB"));
  lab::RunReport report = report_on(plan);
  const std::string html = lab::run_html(report);
  CHECK(has(html, "each has 25.00 %"));
  CHECK(has(html, "<title>layer 0, expert 0: 75.0 %</title>"));
  // 40 choices; 30 of 10 on average: 2; (2 ln 4 * 4 / 40)^1/2 = 0.527; two experts unused.
  CHECK(
      has(html, "<tr><td>0</td><td>40</td><td>75.0</td><td>0.0</td><td>2.000</td><td>0.527</td><td>2</td></tr>"));
  report.usage = lab::ExpertUsage(0, 0);
  CHECK(!has(lab::run_html(report), "Use of experts"));
}

TEST_CASE("speeds stand beside what memory's rates allow") {
  const placement::Plan unknown = plan<Mixtral>(parse_machine("host:12GiB"));
  CHECK(lab::fastest_decode(unknown) == 0);
  const std::string without = lab::run_html(report_on(unknown));
  CHECK(has(without, "rates of the devices' memory are not known"));
  CHECK(!has(without, "limit</text>"));
  CHECK(has(without, ">50.0 (100)</text>"));  // prefill of the first answer
  CHECK(has(without, ">7.5 (30)</text>"));    // its decode
  CHECK(has(without, ">0.0 (0)</text>"));     // the second answer has one token

  const placement::Plan known = plan<Mixtral>(parse_machine("host:12GiB@20GB/s,disk:30GB@1GB/s"));
  CHECK(lab::fastest_decode(known) == Approx(1 / lab::decode_seconds(known, 1)));
  const std::string with = lab::run_html(report_on(known));
  CHECK(has(with, concat(">", fixed(lab::fastest_decode(known), 1), "</text>")));
  CHECK(has(with, "<title>limit</title>"));
  // Of several devices the time adds up, and one unknown rate hides the limit.
  const placement::Plan two = plan<Resident>(parse_machine("14GiB@200GB/s,14GiB@400GB/s"));
  const auto bytes = [&](std::size_t d) { return static_cast<double>(two.token_bytes(d).count); };
  const double seconds = bytes(0) / 200e9 + (bytes(1) + static_cast<double>(two.head_bytes().count)) / 400e9;
  CHECK(lab::fastest_decode(two) == Approx(1 / seconds));
  CHECK(lab::fastest_decode(plan<Resident>(parse_machine("14GiB@200GB/s,14GiB"))) == 0);
}

TEST_CASE("decoded tokens are passes of one, with the experts that were in no slot") {
  lab::RunReport report = report_on(plan<Mixtral>(parse_machine("host:12GiB")));
  report.slots = {.uses = 200, .hits = 150, .fetched = 30, .bypassed = 20};
  const std::string html = lab::run_html(report);
  // Tokens 0 and 1 on the x axis, 4 and 8 tokens a second from 0 to 8 on the y axis: from half the height to its top.
  CHECK(has(html, "M76 134L1048 12\"><title>tokens a second, one by one"));
  // 2 experts, then none, of at most 64: on an axis from 0 to 64.
  CHECK(has(html, "M76 248.4L1048 256\"><title>of them in no slot"));
  CHECK(has(html, "M76 12L1048 12\"><title>limit"));
  CHECK(has(html, "A decoded token uses 64 experts"));
  CHECK(has(html, ">75.0 %</text>"));
  CHECK(has(html, concat(" % (", report.plan.expert_slots(0), " for 256 experts)</text>")));
  CHECK(has(html, "experts in turns: 200 uses"));
  report.slots = {};
  CHECK(!has(lab::run_html(report), "Cache of experts"));
  report.spans.clear();
  CHECK(!has(lab::run_html(report), "decoded token"));
}

TEST_CASE("of a run that is longer than its timeline the page says so, and has whole passes alone") {
  lab::RunReport report = report_on(plan<Mixtral>(parse_machine("host:12GiB")));
  CHECK(!has(lab::run_html(report), "of the last"));
  report.recorded = 99;
  const std::string html = lab::run_html(report);
  CHECK(has(html, "the last 12 of 99 spans"));
  CHECK(has(html, "the end of a prompt is among them"));
  // The first pass may have lost its beginning: one token is left, of 8 a second.
  CHECK(has(html, "class=\"line c0\" d=\"M76 12"));
  CHECK(!has(html, "M76 134L1048 12"));
}

TEST_CASE("neighbours of a long run share the mean of their seconds, not of their rates") {
  lab::RunReport report = report_on(plan<Mixtral>(parse_machine("host:12GiB")));
  report.spans.clear();
  for (std::int64_t i = 0; i < 1200; ++i) {  // 1 and 3 s: 2 s on average, 0.5 tokens a second; of rates 0.67
    const std::int64_t length = i % 2 == 0 ? 1'000'000'000 : 3'000'000'000;
    report.spans.push_back({.kind = SpanKind::sample, .rows = 1, .begin = 0, .end = 1});
    report.spans.push_back({.kind = SpanKind::pass, .rows = 1, .begin = 0, .end = length});
  }
  report.recorded = report.spans.size();
  const std::string html = lab::run_html(report);
  CHECK(has(html, ">0.5</text>"));
  CHECK(!has(html, ">0.6</text>"));
}

TEST_CASE("layers have their numbers in the model") {
  placement::Plan plan = asterism::plan<Resident>(parse_machine("host:30GiB"));
  for (std::size_t i = 0; i < plan.footprint.run_count; ++i) {  // as if the first two layers had no experts
    placement::LayerRun& run = plan.footprint.runs[i];
    if (run.kind == placement::PartKind::experts) run.layers = run.layers - LayerSet::range(0, 2);
  }
  const std::string html = lab::run_html(report_on(plan));
  CHECK(has(html, "<title>layer 2, expert 0: 75.0 %</title>"));
  CHECK(has(html, ">layer 2</text>"));
  CHECK(has(html, "<tr><td>2</td><td>40</td>"));
}
