// Personas that choose tokens together: as a naive loop has it, one alone as a session, and when they part.
#include "asterism/assistant/council.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/adapters.hpp"
#include "asterism/generate/load.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::assistant;
using test::golden_model;

namespace {

using Tokens = std::vector<TokenId>;

struct Assisted : test::Exact {
  static constexpr Limits limits{.context = 64, .batch = 4, .prefill_chunk = 8, .threads = 2};
  using Adapters = expert::Adapters<
      expert::AdapterTargets{.query = true, .key = true, .value = true, .output = true, .experts = true}, 4>;
};

const Tokens prompt{1, 7, 20, 9, 33, 41, 5, 11, 30, 2, 17};

LanguageModel<Assisted> assisted() {
  LanguageModel<Assisted> model = load<Assisted>(golden_model("plain"));
  for (const std::string kind : {"attention", "experts", "fused"}) {
    model.adapters().add(kind, std::string(ASTERISM_GOLDEN_DIR) + "/adapters/plain_" + kind);
  }
  return model;
}

GenerateOptions greedy(std::int32_t most) { return {.max_tokens = most, .stop_at_eos = false}; }

/// log p of the next token, by a session.
std::vector<double> next(const LanguageModel<Assisted>& model, const Tokens& tokens, const std::string& adapter) {
  auto session = model.session({.adapter = adapter});
  std::vector<double> out;
  session.visit_logits(
      tokens, [&](std::size_t, View<const float> row) { out.assign(row.begin(), row.end()); }, tokens.size() - 1);
  double sum = 0;
  for (const double value : out) sum += std::exp(value);
  for (double& value : out) value -= std::log(sum);
  return out;
}

struct Naive {
  Tokens tokens;
  std::vector<std::vector<double>> weights;
  std::vector<double> divergence;
};

/// The formulas, token by token, each voice in a session of its own.
Naive naive(const LanguageModel<Assisted>& model, const std::vector<Voice>& voices, bool is_product, int most) {
  Tokens all = prompt;
  Naive out;
  std::vector<double> best(voices.size());
  for (int step = 0; step < most; ++step) {
    std::vector<std::vector<double>> said;
    std::vector<double> weights;
    double sum = 0;
    for (std::size_t i = 0; i < voices.size(); ++i) {
      said.push_back(next(model, all, voices[i].adapter));
      double entropy = 0;
      for (const double value : said[i]) entropy -= std::exp(value) * value;
      const double c =
          0.4 * voices[i].probability + 0.3 * std::exp(-entropy) + 0.3 * (step == 0 ? 1 : best[i] / step);
      weights.push_back(std::exp(c / 0.5));
      sum += weights.back();
    }
    std::vector<double> joint(said[0].size());
    for (std::size_t t = 0; t < joint.size(); ++t) {
      for (std::size_t i = 0; i < voices.size(); ++i) {
        joint[t] += weights[i] / sum * (is_product ? said[i][t] : std::exp(said[i][t]));
      }
    }
    const auto token = static_cast<TokenId>(std::ranges::max_element(joint) - joint.begin());
    for (std::size_t i = 0; i < voices.size(); ++i) {
      best[i] += std::ranges::max_element(said[i]) - said[i].begin() == token ? 1 : 0;
      weights[i] /= sum;
    }
    double bits = 0;
    for (std::size_t t = 0; t < joint.size(); ++t) {
      double mean = 0;
      for (std::size_t i = 0; i < voices.size(); ++i) mean += weights[i] * std::exp(said[i][t]);
      for (std::size_t i = 0; i < voices.size(); ++i) {
        bits += weights[i] * std::exp(said[i][t]) * (said[i][t] - std::log(mean)) / std::log(2.0);
      }
    }
    out.divergence.push_back(bits);
    all.push_back(token);
    out.tokens.push_back(token);
    out.weights.push_back(weights);
  }
  return out;
}

template <class C>
void check_as_naive(bool is_product) {
  const auto model = assisted();
  const std::vector<Voice> voices{{.adapter = "fused", .probability = 0.6},
                                  {.adapter = "attention", .probability = 0.3},
                                  {.adapter = "", .probability = 0.1}};
  Council<Assisted, C> council(model, 3, {.alone_weight = 2});
  const CouncilAnswer answer = council.ask({.tokens = prompt}, true, voices, greedy(10));
  const Naive expected = naive(model, voices, is_product, 10);
  CHECK(answer.tokens == expected.tokens);
  REQUIRE(answer.steps.size() == 10);
  for (std::size_t step = 0; step < 10; ++step) {
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(answer.steps[step].weights[i] == doctest::Approx(expected.weights[step][i]).epsilon(1e-4));
    }
    CHECK(answer.steps[step].divergence == doctest::Approx(expected.divergence[step]).epsilon(1e-3));
  }
  CHECK_FALSE(answer.alone);
}

}  // namespace

TEST_CASE("a product of three voices") { check_as_naive<Product>(true); }
TEST_CASE("a mixture of three voices") { check_as_naive<Mixture>(false); }

TEST_CASE("a voice alone has the bits of a session with its adapter, drawn tokens too") {
  const auto model = assisted();
  Council<Assisted> council(model, 2);
  const GenerateOptions drawn{.temperature = 2, .top_k = 100, .max_tokens = 16, .stop_at_eos = false};
  for (const std::string adapter : {"", "experts", "attention"}) {
    for (const std::uint64_t seed : {1, 2}) {
      const std::vector<Voice> voices{{.adapter = adapter}};
      const CouncilAnswer answer = council.ask({.tokens = prompt}, true, voices, drawn, seed);
      CHECK(answer.tokens == model.session({.seed = seed, .adapter = adapter}).generate_tokens(prompt, drawn));
    }
  }
}

TEST_CASE("voices that say the same leave the answer to the one that weighs most") {
  const auto model = assisted();
  Council<Assisted> council(model, 2);
  const std::vector<Voice> voices{{.adapter = "fused", .probability = 0.05},
                                  {.adapter = "fused", .probability = 0.95}};
  const CouncilAnswer answer = council.ask({.tokens = prompt}, true, voices, greedy(12));
  REQUIRE(answer.alone);
  CHECK(*answer.alone == 1);
  CHECK(answer.tokens == model.session({.adapter = "fused"}).generate_tokens(prompt, greedy(12)));
  for (std::size_t step = 0; step < 12; ++step) {
    CHECK(answer.steps[step].divergence == doctest::Approx(0));
    CHECK(answer.steps[step].cosine == doctest::Approx(1));
    CHECK((answer.steps[step].weights[1] == 1) == (step >= 4));
  }
}

TEST_CASE("what a council refuses") {
  const auto model = assisted();
  Council<Assisted> council(model, 3);
  const auto ask = [&](std::vector<Voice> voices, const GenerateOptions& options = greedy(2)) {
    council.ask({.tokens = prompt}, true, voices, options);
  };
  test::check_error<InvalidArgument>([&] { ask({}); }, {"council of 3", "0 voices"});
  test::check_error<InvalidArgument>([&] { ask(std::vector<Voice>(4)); }, {"council of 3", "4 voices"});
  test::check_error<InvalidArgument>([&] { ask({{.adapter = "x"}}); }, {"no adapter x"});
  test::check_error<InvalidArgument>([&] { ask({{.probability = 1.5}}); }, {"1.5", "0 to 1"});
  test::check_error<InvalidArgument>(
      [&] {
        ask({{.adapter = "fused"}, {.adapter = "experts"}, {.adapter = "attention"}});
      },
      {"3 adapters", "2 are in memory", "slots"});
  test::check_error<InvalidArgument>([&] { ask({{}}, {.top_logprobs = 1}); }, {"top_logprobs"});
  std::stop_source stop;
  stop.request_stop();
  GenerateOptions cancelled = greedy(2);
  cancelled.cancel = stop.get_token();
  const CouncilAnswer none = council.ask({.tokens = prompt}, true, std::vector<Voice>(2), cancelled);
  CHECK(none.stats.finish_reason == FinishReason::cancelled);
  CHECK(none.tokens.empty());
}
