// Batches behind a handle: sinks hear what the answers are, pass by pass, and tokens of answers and prompts are scored.
#include "asterism/generate/any_batch.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/any_model.hpp"
#include "asterism/generate/load.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/batch_answers.hpp"
#include "generate/recorded_sink.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using test::check_error;
using test::Exact;
using test::golden_model;
using test::greedy;
using test::RecordedSink;
using test::sampled;

namespace {

using Tokens = std::vector<TokenId>;

const AnyModel& demo() {
  static const AnyModel model(load<Exact>(golden_model("demo")));
  return model;
}

Tokens random_tokens(Random& random, std::size_t count) {
  Tokens out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<TokenId>(random.below(700)));
  return out;
}

GenerateOptions scored(GenerateOptions options, std::int32_t best, bool prompt) {
  options.top_logprobs = best;
  options.prompt_logprobs = prompt;
  return options;
}

}  // namespace

TEST_CASE("sinks hear the tokens and texts of the answers that the batch returns") {
  AnyBatch batch = demo().batch(3);
  const std::vector<std::string> prompts = {"The keeper of the lamp", "é 日本 🙂", "A", "one two three"};
  std::vector<std::unique_ptr<RecordedSink>> sinks;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    sinks.push_back(std::make_unique<RecordedSink>());
    batch.add_prompt(demo().prompt(prompts[i], {}), true, sampled(20), {.seed = i}, sinks.back().get());
  }
  const std::vector<BatchAnswer> answers = batch.run();
  REQUIRE(answers.size() == prompts.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(i);
    CHECK(sinks[i]->ended());
    CHECK(sinks[i]->tokens == answers[i].tokens);
    CHECK(sinks[i]->text == answers[i].text);
    CHECK(sinks[i]->parts >= 20);  // one token a pass
    CHECK(sinks[i]->last.stats.finish_reason == FinishReason::max_tokens);
    CHECK(sinks[i]->last.stats.usage.completion_tokens == 20);
    CHECK(sinks[i]->last.error.empty());
    AnySession session = demo().session({.seed = i});
    std::string text;
    for (const std::string_view piece : session.generate(prompts[i], sampled(20))) text += piece;
    CHECK(answers[i].text == text);
    CHECK(sinks[i]->scores.empty());
  }
}

TEST_CASE("a cancelled request tells its sink, with what there was") {
  AnyBatch batch = demo().batch(1);
  RecordedSink running;
  RecordedSink waiting;
  const auto first = batch.add_prompt(demo().prompt("A", {}), true, greedy(40), {}, &running);
  const auto second = batch.add_prompt(demo().prompt("B", {}), true, greedy(40), {}, &waiting);
  for (int i = 0; i < 5; ++i) batch.step();
  CHECK(running.tokens.size() == 5);
  batch.cancel(first);
  batch.cancel(second);
  CHECK(batch.step().size() == 2);
  CHECK(batch.requests() == 0);
  for (RecordedSink* sink : {&running, &waiting}) {
    CHECK(sink->last.stats.finish_reason == FinishReason::cancelled);
    CHECK(sink->tokens.size() == (sink == &running ? 5 : 0));
  }
}

TEST_CASE("scores are those of a session, whoever shares the passes, and choose nothing else") {
  Random random(6);
  AnyBatch batch = demo().batch(3);
  std::vector<Tokens> prompts;
  const auto options_of = [](std::size_t i) {
    GenerateOptions options = sampled(6);
    if (i % 3 == 0) options.repetition_penalty = 1.5F;  // scores are by the logits before that
    if (i % 3 == 1) options.logit_bias = {{5, 10}, {6, -10}};
    return options;
  };
  for (std::size_t i = 0; i < 6; ++i) {
    prompts.push_back(random_tokens(random, 1 + 9 * i));
    batch.add_prompt({.tokens = prompts.back()}, true, scored(options_of(i), 3, i % 2 == 0), {.seed = i});
  }
  const std::vector<BatchAnswer> answers = batch.run();
  REQUIRE(answers.size() == prompts.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CAPTURE(i);
    AnySession session = demo().session({.seed = i});
    CHECK(answers[i].tokens == session.generate_tokens(prompts[i], options_of(i)));
    Tokens all = prompts[i];
    all.insert(all.end(), answers[i].tokens.begin(), answers[i].tokens.end());
    std::vector<TokenScore> scores = answers[i].prompt_scores;
    CHECK(scores.size() == (i % 2 == 0 ? prompts[i].size() - 1 : 0));
    scores.insert(scores.end(), answers[i].scores.begin(), answers[i].scores.end());
    const std::size_t first = all.size() - scores.size();
    const std::vector<float> expected = session.log_probabilities(all, first);
    const std::vector<float> logits = session.logits(all);
    const std::size_t vocabulary = logits.size() / all.size();
    REQUIRE(scores.size() == expected.size());
    for (std::size_t k = 0; k < scores.size(); ++k) {
      CHECK(scores[k].id == all[first + k]);
      CHECK(scores[k].log_probability == expected[k]);
      const View<const float> row = View<const float>(logits).subview((first + k - 1) * vocabulary, vocabulary);
      const TokenScore own = generate::score_of(row, all[first + k], 3);
      REQUIRE(scores[k].best.size() == 3);
      for (std::size_t n = 0; n < 3; ++n) {
        CHECK(scores[k].best[n].id == own.best[n].id);
        CHECK(scores[k].best[n].log_probability == own.best[n].log_probability);
      }
    }
  }
}

TEST_CASE("a prompt that is scored lets the others go on, and reuses nothing") {
  Random random(7);
  const Tokens prompt = random_tokens(random, 100);  // of seven passes
  AnyBatch batch = demo().batch(2);
  RecordedSink other;
  batch.add_prompt({.tokens = {5, 6}}, true, greedy(30), {}, &other);
  batch.add_prompt({.tokens = prompt}, true, scored(greedy(1), 0, true));
  for (int i = 0; i < 8; ++i) batch.step();
  CHECK(other.tokens.size() >= 4);  // every other pass
  batch.run();
  batch.add_prompt({.tokens = prompt}, true, scored(greedy(1), 0, true));
  batch.add_prompt({.tokens = prompt}, true, greedy(1));
  const std::vector<BatchAnswer> again = batch.run();
  CHECK(again[0].prompt_scores.size() == 99);
  CHECK(again[0].stats.usage.cached_tokens == 0);
}

TEST_CASE("rows of prompts are bounded, and the last pass says how many there were") {
  Random random(8);
  AnyBatch batch = demo().batch(3);
  const Tokens prompt = random_tokens(random, 30);
  batch.add_prompt({.tokens = prompt}, true, greedy(20), {.seed = 1});
  batch.step(7);
  CHECK(batch.last_pass().prompts == 7);
  CHECK(batch.last_pass().answers == 0);
  for (int i = 0; i < 4; ++i) batch.step(7);
  CHECK(batch.last_pass().prompts == 2);  // 28, then the last two
  batch.add_prompt({.tokens = prompt}, true, greedy(20), {.seed = 2});
  batch.add_prompt({.tokens = random_tokens(random, 30)}, true, greedy(20), {.seed = 3});
  batch.step(5);
  CHECK(batch.last_pass().answers >= 1);
  CHECK(batch.last_pass().prompts == 5);
  AnySession session = demo().session({.seed = 1});
  const std::vector<BatchAnswer> answers = batch.run();
  CHECK(answers.at(0).tokens == session.generate_tokens(prompt, greedy(20)));
}

TEST_CASE("bad requests are refused by check and add") {
  AnyBatch batch = demo().batch(1);
  GenerateOptions options;
  options.logit_bias = {{700, 1}};
  const auto refused = [&](const GenerateOptions& wrong, std::initializer_list<std::string_view> words) {
    check_error<InvalidArgument>([&] { batch.check(Tokens{5}, wrong); }, words);
    check_error<InvalidArgument>([&] { batch.add_prompt({.tokens = {5}}, true, wrong); }, words);
    check_error<InvalidArgument>([&] { demo().session().generate_tokens(Tokens{5}, wrong); }, words);
  };
  refused(options, {"logit_bias", "700"});
  options = {};
  options.prompt_logprobs = true;
  refused(options, {"prompt_logprobs"});
  check_error<InvalidArgument>([&] { batch.check(Tokens{}, {}); }, {"no tokens"});
  check_error<InvalidArgument>([&] { demo().session().generate_tokens(Tokens{5}, scored({}, 1, true)); },
                               {"log_probabilities()"});
  CHECK(batch.requests() == 0);
}
