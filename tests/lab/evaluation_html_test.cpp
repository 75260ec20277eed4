// The page: one file with everything in it.
#include "asterism/lab/evaluation_html.hpp"

#include "asterism/core/format.hpp"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

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
  CHECK(contains(html, "4 questions, 2 threads"));
  for (const char* title : {"Exact match", "Perplexity", "Prefill", "Decode", "Memory by device"}) {
    CHECK(contains(html, concat("<h2>", title, "</h2>")));
  }
  for (const char* value : {"75.0 %", "50.0 %", "1.4550", "3.0 MiB", "all in float32", "float32, device 1"}) {
    CHECK(contains(html, value));
  }
  CHECK(count(html, "<svg") == 5);
  CHECK(count(html, "<svg") == count(html, "</svg>"));
  CHECK(count(html, "<td>") == count(html, "</td>"));
  for (const char* foreign : {"http", "<script", "src=", "url("}) CHECK_FALSE(contains(html, foreign));
}

TEST_CASE("without known answers there is no chart of them") {
  auto questions = test::written_questions();
  for (lab::Question& question : questions) question.answer.clear();
  const std::string html = lab::to_html(test::two_evaluations(), questions, "t");
  CHECK(count(html, "<svg") == 4);
  CHECK_FALSE(contains(html, "<h2>Exact match</h2>"));
}
