// What a pass refuses of a batch, by its words.
#include "asterism/train/pass.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "trained.hpp"

using namespace asterism;

namespace {

/// Seven tokens in two sequences, of which all but the last of each count.
struct Tokens {
  std::vector<TokenId> tokens = {3, 1, 4, 1, 5, 9, 2};
  std::vector<std::uint32_t> ends = {4, 7};
  std::vector<TokenId> targets = {1, 4, 1, train::no_target, 9, 2, train::no_target};
  std::vector<float> weights = {1, 1, 1, 0, 1, 1, 0};

  train::Batch view() const { return {tokens, ends, targets, weights}; }
};

template <class Change>
std::string refused(const Change& change) {
  static auto trainer = test::trained();
  Tokens tokens;
  change(tokens);
  std::string text = "taken";
  try {
    trainer.evaluate(tokens.view());
  } catch (const InvalidArgument& error) {
    text = error.what();
  }
  // Nothing is left behind: the next batch is taken.
  CHECK(trainer.evaluate(Tokens{}.view()).counted == 5);
  return text;
}

void fill(Tokens& tokens, std::size_t n) {
  tokens.tokens.assign(n, 3);
  tokens.targets.assign(n, 3);
  tokens.weights.assign(n, 1);
}

}  // namespace

TEST_CASE("what is no batch is refused by its words") {
  CHECK(refused([](Tokens&) {}) == "taken");
  CHECK(refused([](Tokens& t) { fill(t, 0); }) ==
        "the batch: 0 tokens, expected 1 to 96, the recipe's batch * sequence");
  CHECK(refused([](Tokens& t) {
          fill(t, 97);
          t.ends = {24, 48, 72, 96, 97};
        }) == "the batch: 97 tokens, expected 1 to 96, the recipe's batch * sequence");
  CHECK(refused([](Tokens& t) {
          fill(t, 96);
          t.ends = {24, 48, 72, 96};
        }) == "taken");
  CHECK(refused([](Tokens& t) { t.targets.pop_back(); }) == "the batch: 7 tokens, 6 targets and 7 weights");
  CHECK(refused([](Tokens& t) { t.weights.push_back(1); }) == "the batch: 7 tokens, 7 targets and 8 weights");
  const std::string ends = "the batch: its sequences do not cut its tokens, or one has more than 24";
  CHECK(refused([](Tokens& t) { t.ends = {}; }) == ends);
  CHECK(refused([](Tokens& t) { t.ends = {4, 6}; }) == ends);
  CHECK(refused([](Tokens& t) { t.ends = {4, 4, 7}; }) == ends);
  CHECK(refused([](Tokens& t) { t.ends = {5, 4, 7}; }) == ends);
  CHECK(refused([](Tokens& t) { t.ends = {4, 8}; }) == ends);
  CHECK(refused([](Tokens& t) {
          fill(t, 25);
          t.ends = {25};
        }) == ends);
  CHECK(refused([](Tokens& t) { t.weights[2] = -0.5F; }) ==
        "the batch: the weight of token 2 is -0.5, expected a finite number >= 0");
  CHECK(refused([](Tokens& t) { t.weights[6] = std::numeric_limits<float>::quiet_NaN(); }) ==
        "the batch: the weight of token 6 is nan, expected a finite number >= 0");
  CHECK(refused([](Tokens& t) { t.weights[6] = std::numeric_limits<float>::infinity(); }) ==
        "the batch: the weight of token 6 is inf, expected a finite number >= 0");
  CHECK(refused([](Tokens& t) { t.weights.assign(7, 0); }) ==
        "the batch: no prediction counts: all weights are 0");
}

TEST_CASE("tokens and targets outside the vocabulary are refused, targets only where they count") {
  const TokenId vocabulary = generate::read_config(test::checkpoint_folder()).shape.vocabulary;
  for (const TokenId id : {-1, vocabulary}) {
    CAPTURE(id);
    CHECK(refused([&](Tokens& t) { t.tokens[1] = id; }) != "taken");
    CHECK(refused([&](Tokens& t) { t.targets[1] = id; }) != "taken");
    CHECK(refused([&](Tokens& t) { t.targets[3] = id; }) == "taken");
  }
}

TEST_CASE("a report counts tokens and predictions, and weights are shares of their sum") {
  auto trainer = test::trained();
  Tokens one;
  const train::PassReport first = trainer.evaluate(one.view());
  CHECK(first.tokens == 7);
  CHECK(first.counted == 5);
  for (float& weight : one.weights) weight *= 3;
  CHECK(trainer.evaluate(one.view()).loss == doctest::Approx(first.loss).epsilon(1e-6));
  // Of two predictions with weights 1 and 3 the mean leans to the second.
  const auto loss_of = [&](float a, float b) {
    one.weights = {a, b, 0, 0, 0, 0, 0};
    return trainer.evaluate(one.view()).loss;
  };
  CHECK(loss_of(1, 3) == doctest::Approx((loss_of(1, 0) + 3 * loss_of(0, 1)) / 4).epsilon(1e-6));
}
