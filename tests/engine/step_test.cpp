// A step against one sequence at a time: the same bits, whoever shares it, however prompts are cut.
#include "asterism/engine/step.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/quant/float16.hpp"

#include "model/filled_network.hpp"

using namespace asterism;
using test::Exact;
using test::small_shape;

namespace {

using Sequence = engine::Sequence<Exact>;
using Step = engine::Step<Exact>;
using Tokens = std::vector<TokenId>;
using Logits = std::vector<float>;

constexpr Limits limits_of(std::int32_t chunk) {
  Limits limits = Exact::limits;
  limits.context = 24;
  limits.batch = 4;
  limits.prefill_chunk = chunk;
  return limits;
}

/// Random weights on two devices.
struct Model {
  explicit Model(std::int32_t chunk)
      : engine(plan<Exact>(equal_devices(2, 8_MiB), small_shape, limits_of(chunk)), small_shape,
               limits_of(chunk)) {
    test::fill(engine.network(), 5);
  }
  engine::Engine<Exact> engine;
};

const auto never = [](std::size_t, const NumericError&) {};

/// Runs the step; the logits of each sequence that has some.
std::map<std::size_t, Logits> run(Step& step) {
  std::map<std::size_t, Logits> out;
  std::size_t next = 0;
  CHECK(step.run(
      [&](std::size_t i, std::optional<View<float>> logits) {
        CHECK(i == next++);
        if (logits) out[i] = Logits(logits->begin(), logits->end());
      },
      never));
  return out;
}

/// The logits after the last token of `tokens`, alone and in one piece.
Logits alone(const Tokens& tokens) {
  const Model model(24);
  Sequence sequence(model.engine);
  sequence.begin(tokens, 0);
  Step step(model.engine);
  CHECK(step.add(sequence));
  return run(step).at(0);
}

}  // namespace

TEST_CASE("sequences in one step have the bits that they have alone") {
  const Tokens prompts[] = {{1, 5, 6}, {9}, {2, 3, 4, 5, 6, 7}, {50}};
  const Model model(24);
  std::vector<std::unique_ptr<Sequence>> sequences;
  Step step(model.engine);
  for (const Tokens& prompt : prompts) {
    sequences.push_back(std::make_unique<Sequence>(model.engine));
    sequences.back()->begin(prompt, 0);
    CHECK(step.add(*sequences.back()));
  }
  CHECK(step.size() == 11);
  const auto together = run(step);
  REQUIRE(together.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(together.at(i) == alone(prompts[i]));
    CHECK(sequences[i]->pending() == 0);
  }
  CHECK_FALSE(step.add(*sequences[0]));  // nothing is pending
}

TEST_CASE("who asks gets the states that logits are of, of neighbours that share a product of the head too") {
  const Tokens prompts[] = {{9}, {50}, {2, 3, 4}, {7}};
  const Model model(24);
  std::vector<std::unique_ptr<Sequence>> sequences;
  Step step(model.engine);
  for (const Tokens& prompt : prompts) {
    sequences.push_back(std::make_unique<Sequence>(model.engine));
    sequences.back()->begin(prompt, 0);
    step.add(*sequences.back());
  }
  std::vector<Logits> states;
  step.run(
      [&](std::size_t, std::optional<View<float>> logits, const auto& hidden) {
        if (!logits) return;
        const View<const float> state = hidden();
        states.emplace_back(state.begin(), state.end());
      },
      never);
  REQUIRE(states.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    Sequence sequence(model.engine);
    sequence.begin(prompts[i], 0);
    Step own(model.engine);
    own.add(sequence);
    Logits expected;
    own.run_hidden_rows(prompts[i].size() - 1,
                        [&](std::size_t, View<const float> row) { expected.assign(row.begin(), row.end()); });
    CHECK(states[i] == expected);
  }
}

TEST_CASE("a prompt that does not fit goes on in the next step, and has logits at its end alone") {
  const Tokens prompt = {1, 2, 3, 4, 5, 6, 7};
  const Model model(3);
  Sequence sequence(model.engine);
  sequence.begin(prompt, 0);
  Step step(model.engine);
  for (const std::size_t left : {4, 1}) {
    step.clear();
    CHECK(step.add(sequence));
    CHECK(step.size() == 3);
    CHECK(run(step).empty());
    CHECK(sequence.pending() == left);
  }
  step.clear();
  CHECK(step.add(sequence));
  CHECK(run(step).at(0) == alone(prompt));
}

TEST_CASE("a full step takes no more") {
  const Model model(3);
  Sequence first(model.engine);
  Sequence second(model.engine);
  first.begin(Tokens{1, 2}, 0);
  second.begin(Tokens{3, 4}, 0);
  Step step(model.engine);
  CHECK(step.add(first));
  CHECK(step.add(second));  // the first of its tokens
  Sequence third(model.engine);
  third.begin(Tokens{5}, 0);
  CHECK_FALSE(step.add(third));
  const auto found = run(step);
  CHECK(found.size() == 1);
  CHECK(found.at(0) == alone({1, 2}));
  CHECK(second.pending() == 1);
}

TEST_CASE("a step that was broken off has moved nobody on, and can be run again") {
  const Model model(24);
  Sequence sequence(model.engine);
  sequence.begin(Tokens{1, 2, 3}, 0);
  Step step(model.engine);
  CHECK(step.add(sequence));
  std::stop_source stop;
  stop.request_stop();
  CHECK_FALSE(step.run([](std::size_t, std::optional<View<float>>) { CHECK(false); }, never, stop.get_token()));
  CHECK(sequence.pending() == 3);
  CHECK(run(step).at(0) == alone({1, 2, 3}));
}

TEST_CASE("where what is done with logits throws, that sequence and those after it stay as they were") {
  const Model model(24);
  Sequence first(model.engine);
  Sequence second(model.engine);
  first.begin(Tokens{1, 2}, 0);
  second.begin(Tokens{3}, 0);
  Step step(model.engine);
  CHECK(step.add(first));
  CHECK(step.add(second));
  CHECK_THROWS_AS(step.run(
                      [](std::size_t i, std::optional<View<float>>) {
                        if (i == 1) throw std::runtime_error("no");
                      },
                      never),
                  std::runtime_error);
  CHECK(first.pending() == 0);
  CHECK(second.pending() == 1);
  step.clear();
  CHECK(step.add(second));
  CHECK(run(step).at(0) == alone({3}));
}

TEST_CASE("the logits of every row are those after each prefix") {
  const Tokens tokens = {7, 8, 9, 10};
  const Model model(24);
  Sequence sequence(model.engine);
  sequence.begin(tokens, 0);
  Step step(model.engine);
  CHECK(step.add(sequence));
  std::size_t next = 1;
  step.run_all_rows(1, [&](std::size_t row, View<const float> logits) {
    CHECK(row == next++);
    CHECK(Logits(logits.begin(), logits.end()) ==
          alone(Tokens(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(row) + 1)));
  });
  CHECK(next == 4);
  CHECK(sequence.pending() == 0);
}

TEST_CASE("values that the cache cannot hold are blamed on the sequence whose they are") {
  struct Half : Exact {
    using KvCache = attention::StaticKvCache<quant::Float16>;
  };
  const Limits limits = limits_of(24);
  const engine::Engine<Half> engine(plan<Half>(equal_devices(1, 8_MiB), small_shape, limits), small_shape, limits);
  test::fill(engine.network(), 5);
  constexpr std::size_t poison = 11;
  const auto hidden = static_cast<std::size_t>(small_shape.hidden);
  std::fill_n(reinterpret_cast<float*>(engine.network().embedding().data) + poison * hidden, hidden,
              std::numeric_limits<float>::quiet_NaN());
  engine::Sequence<Half> good(engine);
  engine::Sequence<Half> bad(engine);
  good.begin(Tokens{1}, 0);
  bad.begin(Tokens{2, poison}, 0);
  engine::Step<Half> step(engine);
  CHECK(step.add(good));
  CHECK(step.add(bad));
  const auto ignore = [](std::size_t, std::optional<View<float>>) {};
  std::optional<std::size_t> blamed;
  CHECK_THROWS_AS(step.run(ignore, [&](std::size_t i, const NumericError&) { blamed = i; }), NumericError);
  CHECK(blamed == 1);
  CHECK(good.pending() == 1);
  CHECK(bad.pending() == 2);
  const auto tell = [](std::size_t i, const NumericError&) { throw InvalidArgument(concat("sequence ", i)); };
  CHECK_THROWS_WITH_AS(step.run(ignore, tell), "sequence 1", InvalidArgument);
}
