// Lines over common axes.
#include "asterism/lab/line_chart.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using lab::ChartLine;
using lab::ChartPoint;

namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("few points stay as they are, of many their means are drawn") {
  const std::vector<ChartPoint> few = {{1, 5}, {2, 3}};
  CHECK(lab::thinned(few, 2) == few);
  std::vector<ChartPoint> many;
  for (int i = 0; i < 1000; ++i) many.push_back({static_cast<double>(i), i % 2 == 0 ? 1.0 : 3.0});
  const std::vector<ChartPoint> some = lab::thinned(many, 250);
  REQUIRE(some.size() == 250);
  for (std::size_t i = 0; i < some.size(); ++i) {
    CHECK(some[i].y == 2);
    CHECK(some[i].x == 4.0 * static_cast<double>(i) + 1.5);
  }
  CHECK(lab::thinned(many, 600).size() == 600);
}

TEST_CASE("a chart's axes hold its points, and what is no number is left out") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<ChartLine> lines = {{.name = "a & b", .points = {{0, 2}, {50, nan}, {100, 4}}},
                                        {.name = "dots", .points = {{100, 3}}, .colour = 9, .dots = true}};
  const std::string chart = lab::line_chart(lines, "step");
  CHECK(has(chart, "M76 256L1048 12\"><title>a &amp; b"));  // from the lower left to the upper right corner
  CHECK(has(chart, "class=\"d1\""));
  CHECK(has(chart, ">100</text>"));
  CHECK(has(chart, ">2.5</text>"));
  CHECK(!has(chart, "nan"));
  CHECK(has(lab::line_chart(lines, "step", true), "M76 134L1048 12"));
  // Nothing, one point, and one value: still charts.
  CHECK(has(lab::line_chart({}, "step"), "</svg>"));
  const std::vector<ChartLine> one = {{.points = {{1, 7}}}, {.points = {{1, 7}}, .dots = true}};
  for (const bool from_zero : {false, true}) {
    const std::string single = lab::line_chart(one, "step", from_zero);
    CHECK(!has(single, "nan"));
    CHECK(!has(single, "inf"));
  }
}
