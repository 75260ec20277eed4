// Tables and JSON of evaluations that are written down here.
#include "asterism/lab/evaluation_report.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/json/json.hpp"

#include "lab/written_evaluations.hpp"

using namespace asterism;
using lab::Evaluation;
using lab::Question;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a table for each split: a line a variant, a column a kind") {
  const std::string table = lab::score_table(test::two_evaluations(), test::written_questions());
  CHECK(contains(table, "seen: exact match of 2 questions"));
  CHECK(contains(table, "new: exact match of 2 questions"));
  CHECK(contains(table, "             SUM            LOOK             all   perplexity\n"));
  CHECK(contains(table,
                 "  float32     100.0 [21 100]  100.0 [21 100]  100.0 [34 100]       1.2840\n"));  // exp(0.75 / 3)
  CHECK(contains(table,
                 "  float32        50.0 [9 91]               -     50.0 [9 91]       1.5683\n"));  // exp(2.25 / 5)
  CHECK(contains(table, "  nf4             0.0 [0 66]               -      0.0 [0 66]       1.5683\n"));
}

TEST_CASE("a line a variant: devices, weights, quality, speed with its range") {
  const std::string table = lab::comparison_table(test::two_evaluations(), test::written_questions());
  CHECK(contains(table, "device 0    device 1     weights  perplexity    exact match %"));
  CHECK(contains(table, "  float32        3.0 MiB     2.0 MiB     4.0 MiB      1.4550     75.0 [30 95]"));
  CHECK(contains(table, "2000 [1000 4000]"));
  CHECK(contains(table, "300 [300 300]"));
}

TEST_CASE("where nothing was decoded there is no speed, and where no answer is known no match") {
  std::vector<Evaluation> one = {test::two_evaluations()[0]};
  std::vector<Question> unknown = test::written_questions();
  for (Question& question : unknown) question.answer.clear();
  for (lab::Answer& answer : one[0].answers) answer.decode = {};
  const std::string table = lab::comparison_table(one, unknown);
  CHECK(contains(table, "1.4550                -"));
  CHECK(contains(table, "                       -\n"));
}

TEST_CASE("questions without split and kind have a table too") {
  const std::vector<Question> plain = {{"1", "", "", "p", "a"}};
  Evaluation one;
  one.variant = "float32";
  one.answers = {{"a", true, -1, 1, {}, {}}};
  const std::vector<Evaluation> all = {one};
  CHECK(contains(lab::score_table(all, plain), "(no name): exact match of 1 questions"));
}

TEST_CASE("JSON holds all that the tables show, and every answer") {
  const json::Value json = json::parse(lab::to_json(test::two_evaluations(), test::written_questions()), "report");
  REQUIRE(json["variants"].size() == 2);
  const json::Value& exact = json["variants"][0];
  CHECK(exact["variant"] == "float32");
  CHECK(exact["weights_bytes"] == 4U << 20U);
  CHECK(exact["devices"][0]["bytes"] == 3U << 20U);
  CHECK(exact["devices"][0]["kv_cache_bytes"] == 1U << 20U);
  CHECK(exact["devices"][1]["workspace_bytes"] == 0);
  CHECK(exact["policies"] == "all in float32");
  CHECK(exact["context"] == 64);
  CHECK(exact["prefill_tokens_per_second"]["all"] == 2000);
  CHECK(exact["prefill_tokens_per_second"]["fastest"] == 4000);
  CHECK(exact["threads"] == 2);
  CHECK(exact["perplexity"].get<double>() == doctest::Approx(std::exp(3.0 / 8)));
  CHECK(exact["splits"]["seen"]["kinds"]["SUM"]["right"] == 1);
  CHECK(exact["splits"]["new"]["all"]["asked"] == 2);
  CHECK(exact["splits"]["new"]["all"]["exact_match"] == 0.5);
  CHECK(exact["splits"]["new"]["kinds"]["LOOK"]["asked"] == 0);
  CHECK(exact["splits"]["new"]["kinds"]["SUM"]["perplexity"].get<double>() == doctest::Approx(std::exp(2.25 / 5)));
  CHECK(exact["conditions"]["processor"] == "Abacus 5");
  CHECK(exact["conditions"]["instruction_set"] == "beads");
  CHECK(exact["conditions"]["date"] == "2026-01-31 12:00 UTC");
  CHECK(exact["conditions"]["version"] == "0.1.0");
  CHECK(exact["conditions"]["threads"] == 2);
  CHECK(exact["asked"]["checkpoint"] == "/models/small");
  CHECK(exact["expert_usage"]["SUM"].size() == 1);
  CHECK(exact["expert_usage"]["SUM"][0][0] == 0.75);
  CHECK(exact["expert_choices"]["SUM"][0][0] == 30);
  CHECK(exact["expert_usage"]["SUM"][0].size() == 2);
  CHECK(exact["answers"][3]["id"] == "4");
  CHECK(exact["answers"][3]["text"] == "x");
  CHECK(exact["answers"][3]["right"] == false);
  CHECK(json["variants"][1]["splits"]["new"]["all"]["right"] == 0);
}
