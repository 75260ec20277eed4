// The page of training runs.
#include "asterism/train/report_html.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"

using namespace asterism;
using train::LogLine;
using train::NamedLog;

namespace {

/// A log whose loss falls, with held-out loss each tenth step, and 2 layers of 4 experts.
NamedLog run_of(const std::string& name, std::int64_t steps, double end = 0.5) {
  NamedLog out{.name = name};
  for (std::int64_t step = 1; step <= steps; ++step) {
    LogLine line{.report = {.pass = {.loss = end + 6.0 / static_cast<double>(step), .right = 0.25},
                            .step = step,
                            .norm = 1.5,
                            .rate = 1e-3F},
                 .tokens = static_cast<std::uint64_t>(100 * step),
                 .seconds = 0.5 * static_cast<double>(step)};
    if (step % 10 == 0) line.held_out = line.report.pass.loss + 0.125;
    line.violation = {0.5, 3};
    line.entropy = {1.25, 0.125};
    line.dead = {0, 3};
    line.load = {10, 20, 30, 20, 80, 0, 0, 0};
    out.lines.push_back(line);
  }
  return out;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++out;
  return out;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a page has the runs' names, ends, curves, and the load of experts") {
  const std::vector<NamedLog> runs = {run_of("first <b>", 40), run_of("second", 2000, 0.25)};
  const std::string page = train::report_html(runs, "Two \"runs\"");
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.ends_with("</html>\n"));
  CHECK(has(page, "<title>Two &quot;runs&quot;</title>"));
  CHECK(has(
      page,
      "<td>first &lt;b&gt;</td><td>40</td><td>4000</td><td>200</td><td>0.6500</td><td>25.0</td><td>0.7750</td>"));
  CHECK(has(page, "<td>2000</td><td>200000</td><td>200</td><td>0.2530</td>"));
  CHECK(has(page, "second, held-out"));
  for (const char* part : {"Loss", "Learning rate", "Gradient norm", "Load of experts"})
    CHECK(has(page, concat("<h2>", part, "</h2>")));
  CHECK(count(page, "<svg class=\"lines\"") == 3 + 2);
  CHECK(count(page, "<svg class=\"heat\"") == 2 * 2);
  // Self-contained.
  for (const char* part : {"<script", "http:", "https:", "src=", "url(", "@import"}) CHECK(!has(page, part));
  CHECK(!has(page, "<b>"));
  CHECK(page.size() < 500'000);
}

TEST_CASE("a heat map is darkest where the load is twice the even one") {
  const std::vector<NamedLog> runs = {run_of("run", 3)};
  const std::string page = train::report_html(runs);
  const std::size_t first = page.find("<svg class=\"heat\"");
  const std::size_t second = page.find("<svg class=\"heat\"", first + 1);
  const std::string even = page.substr(first, second - first);
  const std::string lopsided = page.substr(second);
  // 3 steps of experts with the shares 10, 20, 30 and 20 of 80: half, once, one and a half times the even one.
  CHECK(has(even, "fill-opacity=\"0.3\""));
  CHECK(has(even, "fill-opacity=\"0.5\""));
  CHECK(has(even, "fill-opacity=\"0.8\""));
  CHECK(!has(even, "fill-opacity=\"1.0\""));
  CHECK(has(lopsided, "fill-opacity=\"1.0\" d=\"M76 0h324v10h-324zM400 0h324v10h-324zM724 0h324v10h-324z\""));
  CHECK(count(lopsided, "fill-opacity") == 1);
}

TEST_CASE("lines are thinned") {
  const std::vector<NamedLog> runs = {run_of("long", 100'000)};
  CHECK(train::report_html(runs).size() < 200'000);
}

TEST_CASE("logs without steps, experts or held-out loss make a page too") {
  NamedLog dense = run_of("dense", 5);
  for (LogLine& line : dense.lines) {
    line.load.clear();
    line.violation.clear();
    line.held_out.reset();
  }
  NamedLog changed = run_of("changed", 5);
  changed.lines[0].load.resize(3);
  const std::vector<NamedLog> runs = {{.name = "empty"}, dense, changed};
  const std::string page = train::report_html(runs);
  CHECK(has(page, "empty (no steps)"));
  CHECK(has(page, "<td>empty</td><td>-</td>"));
  CHECK(count(page, "<svg class=\"heat\"") == 2);
  CHECK(!has(page, "nan"));
  CHECK(train::report_html({}).ends_with("</html>\n"));
}

TEST_CASE("a table says what the routers of each layer did in the last hundred steps") {
  const std::string page = train::report_html(std::vector<NamedLog>{run_of("one", 120)}, "page");
  for (const char* part :
       {"MaxVio of all", "by chance", "<td>0.500</td>", "<td>3.000</td>", "<td>1.250</td>", "<td>0.125</td>"}) {
    CAPTURE(part);
    CHECK(has(page, part));
  }
}
