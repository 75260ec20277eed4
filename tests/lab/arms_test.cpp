// Arms are compared pair by pair, kind by kind.
#include "asterism/lab/arms.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/lab/evaluate_arms.hpp"
#include "asterism/quant/float32.hpp"

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

struct Shipped : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 64, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
};

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

TEST_CASE("the table says all of it in 80 columns") {
  const std::vector<Evaluation> arms{arm("none", 5, 10), arm("told", 20, 30)};
  const std::vector<Contrast> contrasts{{"told", "none"}, {"told", "none", Contrast::What::ratio}};
  const std::string table = arms_table(arms, questions(), contrasts);
  CHECK(table.find("Exact match in %\n               SUM        NAME         all\n") != std::string::npos);
  CHECK(table.find("  none        25.0        25.0        25.0\n") != std::string::npos);
  CHECK(table.find("  told       100.0        75.0        83.3\n") != std::string::npos);
  CHECK(table.find("told - none in points, with its 95 % interval\n") != std::string::npos);
  CHECK(table.find("told / none, with its 95 % interval\n  SUM  ") != std::string::npos);
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) CHECK(columns(line) <= 80);
}

TEST_CASE("what a loaded model is told changes what it answers, and arms can be compared") {
  const std::string folder = "examples/small_mixtral/checkpoint";
  const auto model = load<Traced<Shipped>>(folder);
  const std::vector<Question> asked{{.id = "a",
                                     .split = "",
                                     .kind = "EXPLAIN",
                                     .prompt = "\nQuery: The cost of Moss Drake is?\nResponse:",
                                     .answer = "7"}};
  const std::vector<Arm> arms{
      {"nothing", [](const Question& one) { return "[KNOWLEDGE] [/KNOWLEDGE]" + one.prompt; }},
      {"told", [](const Question& one) { return "[KNOWLEDGE] Moss Drake cost 7. [/KNOWLEDGE]" + one.prompt; }}};
  const auto evaluations = evaluate_arms<Shipped>(model, folder, asked, arms, {.max_tokens = 4});
  REQUIRE(evaluations.size() == 2);
  CHECK(evaluations[1].variant == "told");
  CHECK(evaluations[1].answers[0].text == "7");
  CHECK(evaluations[0].asked == evaluations[1].asked);
  CHECK(evaluations[0].answers[0].log_probability < evaluations[1].answers[0].log_probability);
}
