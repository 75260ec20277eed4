// Variants side by side: each what evaluate makes of it alone, in order, called by its struct.
#include "asterism/lab/compare.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using test::golden_model;

namespace {

struct Defaults : test::Defaults {
  using Backend = backend::SerialHost;
};
static_assert(lab::DifferentVariants<test::Exact, Defaults>::value);

}  // namespace

TEST_CASE("each variant gives what it gives alone") {
  const std::vector<std::string> prompts = {"The river", "A keeper of the lamp"};
  const std::vector<lab::Question> questions = lab::as_questions(prompts);
  CHECK(questions[1].id == "prompt 2");
  CHECK(questions[1].prompt == prompts[1]);
  const auto found = lab::compare<test::Exact, Defaults>(golden_model("demo"), questions, {}, {.max_tokens = 5});
  REQUIRE(found.size() == 2);
  CHECK(found[0].variant == "Exact");
  CHECK(found[1].variant == "Defaults");
  const lab::Evaluation alone = lab::evaluate<Defaults>(golden_model("demo"), questions, {}, {.max_tokens = 5});
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(found[1].answers[i].text == alone.answers[i].text);
    CHECK(found[1].answers[i].log_probability == alone.answers[i].log_probability);
    CHECK(found[0].answers[i].log_probability != found[1].answers[i].log_probability);
  }
  CHECK(found[1].weights() < found[0].weights());
}
