// Tables and JSON of evaluations that are written down here.
#include "asterism/lab/evaluation_report.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using lab::Evaluation;
using lab::Question;

namespace {

const std::vector<Question> questions = {{"1", "seen", "SUM", "p", "a"},
                                         {"2", "seen", "LOOK", "p", "b"},
                                         {"3", "new", "SUM", "p", "c"},
                                         {"4", "new", "SUM", "p", "d"}};

std::vector<Evaluation> two_variants() {
  Evaluation exact;
  exact.variant = "float32";
  exact.weights = 2_MiB;
  exact.threads = 2;
  exact.answers = {{"a", true, -0.5, 2}, {"b", true, -0.25, 1}, {"c", true, -0.25, 2}, {"x", false, -2, 3}};
  lab::ExpertUsage usage(1, 2);
  exact.usage = {{"SUM", usage}, {"LOOK", usage}};
  exact.prompt_tokens = 1000;
  exact.prefill_seconds = 0.5;
  exact.answer_tokens = 30;
  exact.decode_seconds = 0.1;
  Evaluation small = exact;
  small.variant = "nf4";
  small.answers[2].right = false;
  return {exact, small};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a table for each split: a line a variant, a column a kind") {
  const std::string table = lab::score_table(two_variants(), questions);
  CHECK(contains(table, "seen: exact match of 2 questions"));
  CHECK(contains(table, "new: exact match of 2 questions"));
  CHECK(contains(table, "             SUM            LOOK             all   perplexity\n"));
  CHECK(contains(table,
                 "  float32     100.0 [21 100]  100.0 [21 100]  100.0 [34 100]       1.2840\n"));  // exp(0.75 / 3)
  CHECK(contains(table,
                 "  float32        50.0 [9 91]               -     50.0 [9 91]       1.5683\n"));  // exp(2.25 / 5)
  CHECK(contains(table, "  nf4             0.0 [0 66]               -      0.0 [0 66]       1.5683\n"));
}

TEST_CASE("cost: bytes and speed") {
  const std::string table = lab::cost_table(two_variants());
  CHECK(contains(table, to_string(2_MiB)));
  CHECK(contains(table, "2000"));
  CHECK(contains(table, "300"));
}

TEST_CASE("questions without split and kind have a table too") {
  const std::vector<Question> plain = {{"1", "", "", "p", "a"}};
  Evaluation one;
  one.variant = "float32";
  one.answers = {{"a", true, -1, 1}};
  const std::vector<Evaluation> all = {one};
  CHECK(contains(lab::score_table(all, plain), "(no name): exact match of 1 questions"));
}

TEST_CASE("JSON holds all that the tables show, and every answer") {
  const checkpoint::Json json = checkpoint::parse_json(lab::to_json(two_variants(), questions), "report");
  REQUIRE(json["variants"].size() == 2);
  const checkpoint::Json& exact = json["variants"][0];
  CHECK(exact["variant"] == "float32");
  CHECK(exact["weights_bytes"] == 2U << 20U);
  CHECK(exact["threads"] == 2);
  CHECK(exact["perplexity"].get<double>() == doctest::Approx(std::exp(3.0 / 8)));
  CHECK(exact["splits"]["seen"]["kinds"]["SUM"]["right"] == 1);
  CHECK(exact["splits"]["new"]["all"]["asked"] == 2);
  CHECK(exact["splits"]["new"]["all"]["exact_match"] == 0.5);
  CHECK(exact["splits"]["new"]["kinds"]["LOOK"]["asked"] == 0);
  CHECK(exact["splits"]["new"]["kinds"]["SUM"]["perplexity"].get<double>() == doctest::Approx(std::exp(2.25 / 5)));
  CHECK(exact["expert_usage"]["SUM"].size() == 1);
  CHECK(exact["expert_usage"]["SUM"][0].size() == 2);
  CHECK(exact["answers"][3]["id"] == "4");
  CHECK(exact["answers"][3]["text"] == "x");
  CHECK(exact["answers"][3]["right"] == false);
  CHECK(json["variants"][1]["splits"]["new"]["all"]["right"] == 0);
}
