// One loaded model asked in arms: told other things, and with hooks that speak while it answers.
#include "asterism/lab/evaluate_arms.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/quant/float32.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

/// Says one token and nothing else.
struct Parrot {
  std::size_t token = 0;
  std::size_t asked = 0;

  void adjust(View<const float> /*hidden*/, View<float> logits) {
    std::fill_n(logits.data, logits.size, -1e30F);
    logits[token] = 0;
    ++asked;
  }
};

/// Sends every row to the first expert.
struct Favourite {
  void adjust(std::int32_t /*layer*/, MatrixView<const float> /*x*/, MatrixView<float> scores) const {
    for (std::size_t row = 0; row < scores.rows; ++row) scores(row, 0) += 100;
  }
  std::uint64_t version() const { return 0; }
};

struct Shipped : Blueprint {
  static constexpr Limits limits{.context = 256, .batch = 1, .prefill_chunk = 64, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using LogitsHook = Parrot;
  using ScoreHook = Favourite;
};

const std::string folder = "examples/small_mixtral/checkpoint";

const LanguageModel<Traced<Shipped>>& small_mixtral() {
  static const auto loaded = load<Traced<Shipped>>(folder);
  return loaded;
}

const std::vector<Question> asked{{.id = "a",
                                   .split = "",
                                   .kind = "EXPLAIN",
                                   .prompt = "\nQuery: The cost of Moss Drake is?\nResponse:",
                                   .answer = "7"}};

std::string nothing(const Question& one) { return "[KNOWLEDGE] [/KNOWLEDGE]" + one.prompt; }
std::string told(const Question& one) { return "[KNOWLEDGE] Moss Drake cost 7. [/KNOWLEDGE]" + one.prompt; }

}  // namespace

TEST_CASE("what a loaded model is told changes what it answers, and arms can be compared") {
  const std::vector<Arm<Shipped>> arms{{"nothing", nothing}, {"told", told}};
  const auto evaluations = evaluate_arms<Shipped>(small_mixtral(), folder, asked, arms, {.max_tokens = 4});
  REQUIRE(evaluations.size() == 2);
  CHECK(evaluations[1].variant == "told");
  CHECK(evaluations[1].answers[0].text == "7");
  CHECK(evaluations[0].asked == evaluations[1].asked);
  CHECK(evaluations[0].answers[0].log_probability < evaluations[1].answers[0].log_probability);
}

TEST_CASE("an arm's hooks speak to the session that answers it, and to no other") {
  Parrot parrot{.token = static_cast<std::size_t>(
                    small_mixtral().tokenizer().encode(" 9", {.add_special_tokens = false}).back())};
  Favourite favourite;
  const std::vector<Arm<Shipped>> arms{{"before", told},
                                       {"parrot", told, {.logits = &parrot}},
                                       {"favourite", told, {.scores = &favourite}},
                                       {"after", told}};
  const auto evaluations = evaluate_arms<Shipped>(small_mixtral(), folder, asked, arms, {.max_tokens = 4});
  REQUIRE(evaluations.size() == 4);
  CHECK(evaluations[1].answers[0].text == "9 9 9 9");
  CHECK(parrot.asked == 4);

  // Known answers are scored by the model's logits, with the experts that served.
  const auto scored = [&](std::size_t arm) { return evaluations[arm].answers[0].log_probability; };
  const auto first_served = [&](std::size_t arm) { return evaluations[arm].usage.at(0).second.share(0, 0); };
  CHECK(scored(1) == scored(0));
  CHECK(scored(2) != scored(0));
  CHECK(first_served(0) < 0.5);
  CHECK(first_served(2) == 0.5);  // one of two each time

  CHECK(evaluations[3].answers[0].text == evaluations[0].answers[0].text);
  CHECK(scored(3) == scored(0));
  CHECK(first_served(3) == first_served(0));
}
