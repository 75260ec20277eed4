// Charts: lengths in proportion, whiskers, escaped text.
#include "asterism/lab/bar_chart.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using lab::Bar;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("pieces follow each other, and the longest bar has the full width") {
  const std::vector<Bar> bars = {{.label = "a", .pieces = {10, 30}, .text = "40"},
                                 {.label = "b", .pieces = {20}, .text = "20"}};
  const std::string svg = lab::bar_chart(bars);
  CHECK(contains(svg, "class=\"p0\" x=\"68.0\" y=\"4.0\" width=\"67.5\""));
  CHECK(contains(svg, "class=\"p1\" x=\"135.5\" y=\"4.0\" width=\"202.5\""));
  CHECK(contains(svg, "class=\"p0\" x=\"68.0\" y=\"30.0\" width=\"135.0\""));
  CHECK_FALSE(contains(svg, "whisker"));
  CHECK(lab::bar_chart(bars) == svg);
}

TEST_CASE("a whisker spans its range, and the value stands behind it") {
  const std::vector<Bar> bars = {{.label = "a", .pieces = {50}, .text = "fifty", .low = 25, .high = 60}};
  const std::string svg = lab::bar_chart(bars);
  CHECK(contains(svg, "M180.5 13.0H338.0M180.5 8.0v10M338.0 8.0v10"));
  CHECK(contains(svg, "class=\"value\" x=\"346.0\""));
}

TEST_CASE("one long whisker flattens no bars: it ends in an arrow") {
  const std::vector<Bar> bars = {{.label = "a", .pieces = {50}, .text = "50", .low = 25, .high = 5000},
                                 {.label = "b", .pieces = {40}, .text = "40"}};
  const std::string svg = lab::bar_chart(bars);
  CHECK(contains(svg, "width=\"180.0\""));  // of 270: two thirds
  CHECK(contains(svg, "M333.0 8.0l5 5l-5 5"));
}

TEST_CASE("a scale may be given, and labels and values have room however long they are") {
  const std::vector<Bar> bars = {
      {.label = "a variant with a long name", .pieces = {50}, .text = "1234 [1000 2000]", .low = 40, .high = 60}};
  const std::string svg = lab::bar_chart(bars, {.end = 100});
  CHECK(contains(svg, "width=\"135.0\""));
  CHECK(contains(svg, "viewBox=\"0 0 609.0 30.0\""));  // 26 and 16 characters, the bars, and what is between
}

TEST_CASE("bars of nothing have no width, and text can't break out of the page") {
  const std::vector<Bar> bars = {{.label = "<script>\"&", .pieces = {0}, .text = "0"}};
  const std::string svg = lab::bar_chart(bars);
  CHECK(contains(svg, "width=\"0.0\""));
  CHECK(contains(svg, "&lt;script&gt;&quot;&amp;"));
  CHECK_FALSE(contains(svg, "<script>"));
}
