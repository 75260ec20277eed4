// Hooks of sessions and of requests of a batch: when they are called, with what, and what their answers change.
#include "asterism/generate/hooks.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/batch.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/observe/trace.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using test::Exact;

namespace {

using Tokens = std::vector<TokenId>;

/// Adds to the logit of one token, by the state; keeps the states that it is called with.
struct Favours {
  TokenId token = 0;
  float by = 0;
  bool fails = false;
  std::vector<std::vector<float>> states{};

  void adjust(View<const float> hidden, View<float> logits) {
    if (fails) throw std::runtime_error("out of order");
    states.emplace_back(hidden.begin(), hidden.end());
    logits[static_cast<std::size_t>(token)] += by * (1 + 0.1F * hidden[0]);
  }
};

/// Adds to the score of one expert in all layers.
struct Sends {
  std::size_t expert = 0;
  float by = 0;
  std::uint64_t number = 1;
  std::size_t rows = 0;

  void adjust(std::int32_t /*layer*/, MatrixView<const float> x, MatrixView<float> scores) {
    rows += x.rows;
    for (std::size_t r = 0; r < scores.rows; ++r) scores(r, expert) += by;
  }
  std::uint64_t version() const { return number; }
};

struct Hooked : Exact {
  using Observer = observe::Trace;
  using LogitsHook = Favours;
  using ScoreHook = Sends;
};

const LanguageModel<Hooked>& hooked() {
  static const auto model = load<Hooked>(test::golden_model("demo"));
  return model;
}

const Tokens prompt{1, 5, 77, 300, 12, 9, 44, 44, 8, 3, 19, 20, 21, 6, 31, 2, 90, 91, 92};

/// At a temperature that shows any difference of the logits.
GenerateOptions sampled() {
  GenerateOptions options;
  options.max_tokens = 12;
  options.stop_at_eos = false;
  options.temperature = 5;
  options.top_k = 100;
  return options;
}

Tokens alone(Hooks<Hooked> hooks) {
  return hooked().session({.seed = 3}, hooks).generate_tokens(prompt, sampled());
}

static_assert(std::is_empty_v<HookPointer<NoHook>>);
static_assert(sizeof(Hooks<Exact>) <= 2);

}  // namespace

TEST_CASE("without hooks, and with hooks that change nothing, answers are those of a variant that has none") {
  const auto plain = load<Exact>(test::golden_model("demo"));
  const Tokens expected = plain.session({.seed = 3}).generate_tokens(prompt, sampled());
  CHECK(alone({}) == expected);
  Favours favours;
  Sends sends;
  CHECK(alone({.logits = &favours, .scores = &sends}) == expected);
  CHECK(favours.states.size() == 12);  // once for each token drawn
  const auto layers = static_cast<std::size_t>(hooked().shape().layers);
  CHECK(sends.rows == layers * (prompt.size() + 11));
}

TEST_CASE("a logits hook gets the state that the logits are of, and what it leaves is drawn from") {
  Favours favours{.token = 123, .by = 1e4F};
  auto session = hooked().session({}, {.logits = &favours});
  CHECK(session.generate_tokens(prompt, sampled()) == Tokens(12, 123));
  const Tokens all(session.tokens().begin(), session.tokens().end());
  const std::vector<float> states = hooked().session().hidden(View<const TokenId>(all));
  const auto width = static_cast<std::size_t>(hooked().shape().hidden);
  for (std::size_t i = 0; i < favours.states.size(); ++i) {
    const float* const expected = states.data() + (prompt.size() - 1 + i) * width;
    CHECK(favours.states[i] == std::vector<float>(expected, expected + width));
  }
  // Logits that are read are the model's own.
  const auto calls = favours.states.size();
  CHECK(session.logits(View<const TokenId>(prompt)) == hooked().session().logits(View<const TokenId>(prompt)));
  CHECK(favours.states.size() == calls);
}

TEST_CASE("a score hook decides the routes") {
  Sends sends{.expert = 2, .by = 50};
  auto session = hooked().session({}, {.scores = &sends});
  const std::vector<float> states = session.hidden(View<const TokenId>(prompt));
  const observe::Trace& trace = session.observer();
  for (std::int32_t position = 0; position < trace.positions(); ++position) {
    for (std::int32_t layer = 0; layer < trace.layers(); ++layer) {
      CHECK(trace.at(position, layer)[0].expert == 2);
    }
  }
  CHECK(states != hooked().session().hidden(View<const TokenId>(prompt)));
}

TEST_CASE("what a score hook changed is computed again where it has another version") {
  Sends sends{.expert = 2, .by = 50};
  auto session = hooked().session({.seed = 3}, {.scores = &sends});
  const Tokens first = session.generate_tokens(prompt, sampled());
  CHECK(first == alone({.scores = &sends}));
  session.generate_tokens(prompt, sampled());
  CHECK(session.last().usage.cached_tokens == static_cast<std::int32_t>(prompt.size()) - 1);
  sends = {.expert = 1, .by = 50, .number = 2};
  session.generate_tokens(prompt, sampled());
  CHECK(session.last().usage.cached_tokens == 0);
  CHECK(session.logits(View<const TokenId>(prompt)) ==
        hooked().session({}, {.scores = &sends}).logits(View<const TokenId>(prompt)));
  sends.number = 3;
  session.visit_logits(
      View<const TokenId>(prompt), [](std::size_t, View<const float>) {}, prompt.size() - 1);
  session.generate_tokens(prompt, sampled());
  CHECK(session.last().usage.cached_tokens == static_cast<std::int32_t>(prompt.size()) - 1);
}

TEST_CASE("each request of a batch has its hooks, and rows are not used again for another's") {
  Favours to_7{.token = 7, .by = 20};
  Favours to_8{.token = 8, .by = 20};
  Sends to_0{.expert = 0, .by = 2};
  Sends to_1{.expert = 1, .by = 2};
  const std::vector<Hooks<Hooked>> hooks{{},
                                         {.logits = &to_7},
                                         {.scores = &to_0},
                                         {.logits = &to_8, .scores = &to_1},
                                         {.logits = &to_7, .scores = &to_0},
                                         {.scores = &to_1},
                                         {}};
  std::vector<Tokens> expected;
  for (const Hooks<Hooked>& one : hooks) expected.push_back(alone(one));
  for (std::size_t i = 1; i < 4; ++i) CHECK(expected[i] != expected[0]);
  auto batch = hooked().batch();
  for (const Hooks<Hooked>& one : hooks) {
    batch.add_tokens(View<const TokenId>(prompt), sampled(), {.seed = 3}, one);
  }
  const auto answers = batch.run();
  REQUIRE(answers.size() == hooks.size());
  std::int32_t reused = 0;
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    CAPTURE(i);
    CHECK(answers[i].tokens == expected[i]);
    reused += answers[i].stats.usage.cached_tokens > 0 ? 1 : 0;
  }
  CHECK(reused > 0);
}

TEST_CASE("what a hook throws ends the step, and the answer goes on afterwards") {
  Favours favours{.token = 7, .by = 20};
  const Tokens expected = alone({.logits = &favours});
  auto batch = hooked().batch();
  batch.add_tokens(View<const TokenId>(prompt), sampled(), {.seed = 3}, {.logits = &favours});
  batch.step();
  batch.step();
  favours.fails = true;
  CHECK_THROWS_WITH(batch.step(), "out of order");
  favours.fails = false;
  const auto answers = batch.run();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].tokens == expected);
}
