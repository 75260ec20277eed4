// Arms are compared pair by pair, kind by kind.
#include "asterism/lab/arms.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

std::vector<Question> questions() {
  std::vector<Question> all;
  for (int i = 0; i < 60; ++i) {
    all.push_back(
        {.id = std::to_string(i), .split = "", .kind = i < 20 ? "SUM" : "NAME", .prompt = "?", .answer = "!"});
  }
  all.push_back({.id = "unknown", .split = "", .kind = "NAME", .prompt = "?", .answer = ""});
  return all;
}

Evaluation arm(std::string name, int right_sums, int right_names) {
  Evaluation evaluation{.variant = std::move(name)};
  for (int i = 0; i < 60; ++i)
    evaluation.answers.push_back({.text = "", .right = i < 20 ? i < right_sums : i - 20 < right_names});
  evaluation.answers.push_back({.text = "", .right = true});
  return evaluation;
}

}  // namespace

TEST_CASE("a contrast counts the questions of a kind with known answers") {
  const std::vector<Evaluation> arms{arm("none", 5, 10), arm("told", 20, 30)};
  const auto asked = questions();
  const Estimate sums = contrast({"told", "none"}, arms, asked, "SUM");
  CHECK(sums.value == doctest::Approx(0.75));
  CHECK(sums.low > 0.5);
  CHECK(contrast({"told", "none"}, arms, asked).value == doctest::Approx(35.0 / 60));
  CHECK(contrast({"told", "none", Contrast::What::ratio}, arms, asked, "NAME").value == doctest::Approx(3));
  CHECK_THROWS_AS(contrast({"told", "nobody"}, arms, asked), InvalidArgument);
  CHECK_THROWS_AS(contrast({"told", "none"}, arms, asked, "OTHER"), InvalidArgument);
}

TEST_CASE("the table says all of it, in columns as wide as the names of kinds") {
  const std::vector<Evaluation> arms{arm("none", 5, 10), arm("told", 20, 30)};
  const std::vector<Contrast> contrasts{{"told", "none"}, {"told", "none", Contrast::What::ratio}};
  const std::string table = arms_table(arms, questions(), contrasts);
  CHECK(table.find("Exact match in %\n          SUM   NAME    all\n") != std::string::npos);
  CHECK(table.find("  none   25.0   25.0   25.0\n") != std::string::npos);
  CHECK(table.find("  told  100.0   75.0   83.3\n") != std::string::npos);
  CHECK(table.find("told - none in points, with its 95 % interval\n") != std::string::npos);
  CHECK(table.find("told / none, with its 95 % interval\n  SUM  ") != std::string::npos);
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) CHECK(columns(line) <= 80);
}

TEST_CASE("a ratio to an arm that has nothing right is none") {
  const std::vector<Evaluation> arms{arm("none", 0, 0), arm("told", 20, 30)};
  const std::string table =
      arms_table(arms, questions(), std::vector<Contrast>{{"told", "none", Contrast::What::ratio}});
  CHECK(table.find("  all                            -\n") != std::string::npos);
  CHECK(table.find("nan") == std::string::npos);
  CHECK(table.find("inf") == std::string::npos);
}

TEST_CASE("five kinds and the name of an arm of 61 characters in all fill 80 columns") {
  std::vector<Question> asked;
  Evaluation one{.variant = "what it was"};
  for (const char* kind : {"REASON", "EXPLAIN", "RETROSPECT", "TWELVE_LONG_", "FIFTEEN_LETTERS"}) {
    asked.push_back({.id = kind, .split = "", .kind = kind, .prompt = "?", .answer = "!"});
    one.answers.push_back({.text = "", .right = true});
  }
  const std::string table = arms_table(std::vector{one}, asked, {});
  std::istringstream lines(table);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) CHECK(columns(line) == 80);
}
