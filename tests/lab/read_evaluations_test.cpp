// What is written as JSON comes back, and is refused where something else was asked.
#include "asterism/lab/read_evaluations.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/lab/evaluation_html.hpp"
#include "asterism/lab/evaluation_report.hpp"

#include "lab/written_evaluations.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::check_error;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("what was written comes back: the same JSON, the same page") {
  const auto evaluations = test::two_evaluations();
  const auto questions = test::written_questions();
  const std::string json = lab::to_json(evaluations, questions);
  const auto back = lab::parse_evaluations(json, "x.json", questions, evaluations[0].asked);
  REQUIRE(back.size() == 2);
  CHECK(lab::to_json(back, questions) == json);
  CHECK(lab::to_html(back, questions, "t") == lab::to_html(evaluations, questions, "t"));
  CHECK(back[1].variant == "nf4");
  CHECK(back[0].conditions == evaluations[0].conditions);
}

TEST_CASE("evaluations of a model without experts come back") {
  auto evaluations = test::two_evaluations();
  for (lab::Evaluation& evaluation : evaluations) evaluation.usage.clear();
  const auto questions = test::written_questions();
  const std::string json = lab::to_json(evaluations, questions);
  const auto back = lab::parse_evaluations(json, "x.json", questions, evaluations[0].asked);
  REQUIRE(back.size() == 2);
  CHECK(back[0].usage.empty());
  CHECK(back[0].all_usage().table() == "  no experts\n");
  CHECK(lab::to_json(back, questions) == json);
  CHECK(lab::to_html(back, questions, "t") == lab::to_html(evaluations, questions, "t"));
}

TEST_CASE("what was asked something else is refused, with the difference") {
  const auto evaluations = test::two_evaluations();
  auto questions = test::written_questions();
  const std::string json = lab::to_json(evaluations, questions);
  const auto refused = [&](const lab::Asked& asked, const std::string& message) {
    check_error<InvalidArgument>([&] { lab::parse_evaluations(json, "x.json", questions, asked); },
                                 {"x.json, variant 0 (float32): was asked", message});
  };
  lab::Asked asked = evaluations[0].asked;
  asked.checkpoint = "/models/large";
  refused(asked, "the checkpoint /models/small, not /models/large");
  asked = evaluations[0].asked;
  asked.max_tokens = 9;
  refused(asked, "8, not 9");
  asked = evaluations[0].asked;
  asked.stop = {};
  refused(asked, "other texts that end an answer");
  asked = evaluations[0].asked;
  asked.chat = true;
  refused(asked, "not turns of a chat");
  questions[1].prompt = "q";
  asked = evaluations[0].asked;
  asked.questions = lab::fingerprint(questions);
  refused(asked, "other questions");
}

TEST_CASE("what is missing or wrong is named") {
  const auto evaluations = test::two_evaluations();
  const auto questions = test::written_questions();
  const std::string json = lab::to_json(evaluations, questions);
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& message) {
    check_error<FormatError>(
        [&] { lab::parse_evaluations(replaced(json, from, to), "x.json", questions, evaluations[0].asked); },
        {"x.json", message});
  };
  refused("\"variants\"", "\"others\"", "variants");
  refused("\"scored_tokens\": 2", "\"scored_tokens\": -2", "scored_tokens");
  refused("\"id\": \"2\"", "\"id\": \"7\"", "is to the question '7'; expected '2'");
  refused("\"kv_cache_bytes\": 1048576", "\"kv_cache_bytes\": 104857600", "less than its cache");
  refused("\"expert_choices\"", "\"choices\"", "expert_choices");
}
