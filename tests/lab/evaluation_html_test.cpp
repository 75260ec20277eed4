// The page: one file with everything in it.
#include "asterism/lab/evaluation_html.hpp"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

#include "lab/written_evaluations.hpp"

using namespace asterism;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("every figure of the evaluations is on the page, which needs nothing else") {
  const std::string html =
      lab::to_html(test::two_evaluations(), test::written_questions(), "Formats of <this> model");
  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(html.ends_with("</html>\n"));
  CHECK(contains(html, "<h1>Formats of &lt;this&gt; model</h1>"));
  CHECK(contains(html, "4 questions"));
  CHECK(
      contains(html, "Abacus 5, 4 cores, 8.00 GiB; 2 threads, instruction set beads; Asterism 0.1.0; 2026-01-31"));
  CHECK(count(html, "Abacus") == 1);  // both ran there
  for (const char* title : {"Exact match", "Perplexity", "Prefill", "Decode", "Memory by device", "Use of experts",
                            "Variants, against float32"}) {
    CHECK(contains(html, concat("<h2>", title, "</h2>")));
  }
  for (const char* value : {"75.0 %", "50.0 %", "1.4550", "3.0 MiB", "all in float32", "float32, device 1",
                            "layer 0, expert 0: 75.0 %", "2000 [1000 4000]"}) {
    CHECK(contains(html, value));
  }
  CHECK(count(html, "<svg") == 7);
  CHECK(count(html, "<svg") == count(html, "</svg>"));
  CHECK(count(html, "<td>") == count(html, "</td>"));
  for (const char* foreign : {"http", "<script", "src=", "url("}) CHECK_FALSE(contains(html, foreign));
}

TEST_CASE("scores are one table, so that its columns line up, and no row is cut off") {
  const std::string html = lab::to_html(test::two_evaluations(), test::written_questions(), "t");
  CHECK(count(html, "<table") == 2);  // variants, scores
  CHECK(contains(html, "<tbody><tr><th colspan=\"5\">seen</th></tr>"));
  CHECK(contains(html, "<td>50.0<small>9 to 91</small></td>"));
  CHECK_FALSE(contains(html, "td{white-space:nowrap}"));
}

TEST_CASE("the baseline is the one that is named, and has to be there") {
  const auto evaluations = test::two_evaluations();
  const auto questions = test::written_questions();
  const std::string html = lab::to_html(evaluations, questions, "t", "nf4");
  CHECK(contains(html, "against nf4"));
  CHECK(contains(html, "<td>+25.0</td>"));
  CHECK(contains(html, "<details open><summary>nf4"));
  CHECK_THROWS_WITH_AS(lab::to_html(evaluations, questions, "t", "int8"),
                       "no variant is called int8: there are float32, nf4", InvalidArgument);
}

TEST_CASE("without known answers there is no chart of them") {
  auto questions = test::written_questions();
  for (lab::Question& question : questions) question.answer.clear();
  const std::string html = lab::to_html(test::two_evaluations(), questions, "t");
  CHECK(count(html, "<svg") == 6);
  CHECK_FALSE(contains(html, "<h2>Exact match</h2>"));
}
