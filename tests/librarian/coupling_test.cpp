// A memory beside the model that the repository ships: blocks in prompts of sessions and batches, tokens that it
// remembers after states, and routes that it remembers of inputs.
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/batch.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/generate/session.hpp"
#include "asterism/librarian/block.hpp"
#include "asterism/librarian/knn_logits.hpp"
#include "asterism/librarian/remembered_routes.hpp"
#include "asterism/observe/trace.hpp"

#include "generate/variants.hpp"

using namespace asterism;
using namespace asterism::librarian;

namespace {

using Tokens = std::vector<TokenId>;

struct Coupled : test::Exact {
  static constexpr Limits limits{.context = 256, .batch = 2, .prefill_chunk = 64, .threads = 1};
  using Observer = observe::FullTrace;
  using LogitsHook = KnnLogits<>;
  using ScoreHook = RememberedRoutes<>;
};

const LanguageModel<Coupled>& small_mixtral() {
  static const auto loaded = load<Coupled>(ASTERISM_SOURCE_DIR "/examples/small_mixtral/checkpoint");
  return loaded;
}

struct Asked {
  std::vector<std::string_view> facts;
  std::string question;
  std::string answer;
};

const Asked bill{
    {"Quiet Oracle cost 5", "Quiet Crow strength 2", "Quiet Crow cost 9", "Rule 130.2a a bill adds cost"},
    "How high is the bill for Quiet Oracle and Quiet Crow? Be exact.",
    " 14\n"};
const Asked damage{{"Rule 150.4a damage is strength less guard", "Stone Badger guard 4",
                    "Willow Gardener strength 6", "Willow Gardener guard 2"},
                   "Please answer: count the damage from Willow Gardener to Stone Badger.",
                   " 2\n"};

/// A block, if there are facts, and the question, as token ids.
Tokens prompt_of(const std::vector<std::string_view>& facts, const std::string& question) {
  const BlockWriter writer(small_mixtral().tokenizer());
  Tokens prompt = small_mixtral().tokenizer().encode("");
  const auto append = [&](const Tokens& ids) { prompt.insert(prompt.end(), ids.begin(), ids.end()); };
  const auto role = [](std::string_view text) {
    return small_mixtral().tokenizer().encode(text, {.add_special_tokens = false});
  };
  append(facts.empty() ? role("[KNOWLEDGE] [/KNOWLEDGE]")
                       : writer.write(View<const std::string_view>(facts), 200).tokens);
  append(role("\nQuery:"));
  append(writer.encode_as_text(" " + question));
  append(role("\nResponse:"));
  return prompt;
}

const GenerateOptions short_answer{.max_tokens = 8, .stop = {"\n"}};

std::string text_of(const Tokens& tokens) {
  return small_mixtral().tokenizer().decode(View<const TokenId>(tokens), {.skip_special_tokens = true});
}

}  // namespace

TEST_CASE("requests of a batch take blocks as sessions do, each its own") {
  auto batch = small_mixtral().batch();
  std::vector<Tokens> expected;
  for (int round = 0; round < 2; ++round) {
    for (const Asked* asked : {&bill, &damage}) {
      const Tokens prompt = prompt_of(asked->facts, asked->question);
      batch.add_tokens(View<const TokenId>(prompt), short_answer);
      auto session = small_mixtral().session();
      expected.push_back(session.generate_tokens(View<const TokenId>(prompt), short_answer));
      CHECK((text_of(expected.back()) + "\n").find(asked->answer.substr(1)) != std::string::npos);
    }
  }
  const auto answers = batch.run();
  REQUIRE(answers.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(answers[i].tokens == expected[i]);
    CHECK(answers[i].text == (i % 2 == 0 ? " 14" : " 2"));
  }
  CHECK(answers[2].stats.usage.cached_tokens > 0);
}

TEST_CASE("a model that remembers what came after its states answers without a block; others' answers stay") {
  const std::size_t width = static_cast<std::size_t>(small_mixtral().shape().hidden);
  backend::Arena arena(0, 4_MiB);
  KnnLogits<> memory(index::Flat<>(arena, {.dim = width, .rows = 1000}), small_mixtral().shape().vocabulary,
                     {.share = 0.9});
  const Tokens prompt = prompt_of({}, bill.question);
  const Tokens before = small_mixtral().session().generate_tokens(View<const TokenId>(prompt), short_answer);
  CHECK(text_of(before).find("14") == std::string::npos);
  // Nothing is remembered yet.
  CHECK(small_mixtral()
            .session({}, {.logits = &memory})
            .generate_tokens(View<const TokenId>(prompt), short_answer) == before);

  Tokens lesson = prompt;
  const Tokens answer = BlockWriter(small_mixtral().tokenizer()).encode_as_text(bill.answer);
  lesson.insert(lesson.end(), answer.begin(), answer.end());
  const std::vector<float> states = small_mixtral().session().hidden(View<const TokenId>(lesson));
  memory.remember({states.data(), lesson.size() - 1, width},
                  View<const TokenId>(lesson).subview(1, lesson.size() - 1));

  auto batch = small_mixtral().batch();
  batch.add_tokens(View<const TokenId>(prompt), short_answer, {}, {.logits = &memory});
  batch.add_tokens(View<const TokenId>(prompt), short_answer);
  const auto answers = batch.run();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].text.find("14") != std::string::npos);
  CHECK(answers[1].tokens == before);
}

TEST_CASE("routes that were remembered draw those of the same text towards them, in every layer") {
  const std::size_t width = static_cast<std::size_t>(small_mixtral().shape().hidden);
  const std::int32_t experts = small_mixtral().shape().experts;
  const std::int32_t layers = small_mixtral().shape().sparse_layers().size();
  backend::Arena arena(0, 4_MiB);
  std::vector<index::Flat<>> indexes;
  for (std::int32_t layer = 0; layer < layers; ++layer) {
    indexes.emplace_back(arena, knowledge::IndexLimits{.dim = width, .rows = 100});
  }
  RememberedRoutes<> memory(std::move(indexes), experts);
  const Tokens prompt = prompt_of(bill.facts, bill.question);
  auto plain = small_mixtral().session();
  const std::vector<float> before = plain.logits(View<const TokenId>(prompt));

  auto session = small_mixtral().session({}, {.scores = &memory});
  CHECK(session.logits(View<const TokenId>(prompt)) == before);  // nothing is remembered yet
  memory.listen();
  CHECK(session.logits(View<const TokenId>(prompt)) == before);
  memory.keep();
  CHECK(session.logits(View<const TokenId>(prompt)) != before);
  for (std::int32_t layer = 0; layer < layers; ++layer) {
    CHECK(memory.size(layer) == 1);
    std::vector<double> mean(static_cast<std::size_t>(experts));
    const auto tokens = static_cast<std::int32_t>(prompt.size());
    for (std::int32_t i = 0; i < tokens; ++i) {
      const View<const float> p = plain.observer().probabilities(i, layer);
      for (std::size_t e = 0; e < mean.size(); ++e) mean[e] += double{p[e]} / tokens;
    }
    const auto distance = [&](const observe::FullTrace& trace) {
      double sum = 0;
      for (std::int32_t i = 0; i < tokens; ++i) {
        for (std::size_t e = 0; e < mean.size(); ++e) {
          sum += std::fabs(double{trace.probabilities(i, layer)[e]} - mean[e]);
        }
      }
      return sum;
    };
    CAPTURE(layer);
    CHECK(distance(session.observer()) < distance(plain.observer()));
  }
}
