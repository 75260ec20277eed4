// Pictures of the use of experts.
#include "asterism/lab/usage_chart.hpp"

#include <string>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("the darkest cell has the largest share, and each says its own") {
  lab::ExpertUsage usage(2, 2);
  usage.add(0, 0, 30);
  usage.add(0, 1, 10);
  usage.add(1, 0, 20);
  usage.add(1, 1, 20);
  const std::string svg = lab::usage_chart(usage);
  CHECK(contains(svg, "fill-opacity=\"1.00\" x=\"70.0\" y=\"24.0\""));
  CHECK(contains(svg, "<title>layer 0, expert 1: 25.0 %</title>"));
  CHECK(contains(svg, ">50.0</text>"));
}

TEST_CASE("many experts have narrow cells without text; nothing used is white") {
  const std::string svg = lab::usage_chart(lab::ExpertUsage(1, 128));
  CHECK(contains(svg, "fill-opacity=\"0.00\""));
  CHECK(contains(svg, "width=\"6.0\""));
  CHECK_FALSE(contains(svg, "class=\"middle"));
}
