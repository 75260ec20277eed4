// Batches whose answers are grouped by their experts: the same answers, few at a time, and none that waits too long.
#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/any_model.hpp"
#include "asterism/generate/batch.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/observe/recent_use.hpp"
#include "asterism/observe/together.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/batch_answers.hpp"
#include "generate/variants.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::golden_model;

namespace {

/// Notes which answers a pass computed, by their positions.
struct Rows {
  static inline std::size_t rows = 0;
  static inline bool throws = false;

  void begin(std::int32_t, std::int32_t, std::int32_t) {}
  void scored(std::int32_t layer, std::int32_t, View<const float>) {
    if (throws) throw std::runtime_error("this pass fails");
    rows += layer == 0 ? 1 : 0;
  }
  void routed(std::int32_t, std::int32_t, std::int32_t, float) {}
  void moved(std::int32_t, std::int32_t, Bytes) {}
};
struct Told : test::Exact {
  using Observer = observe::Together<Rows, observe::RecentUse>;
};

const std::vector<std::string> prompts = {"The keeper of the lamp", "é 日本 🙂",
                                          "one two three four five six seven", "A", "ends with a new line\n"};

template <class B>
LanguageModel<B> demo() {
  LoadOptions options;
  options.limits = test::Exact::limits;
  options.machine = equal_devices(1, 64_MiB);
  return load<B>(golden_model("demo"), options);
}

/// Counts tokens, and how many passes lay between two of them.
struct Waits : AnswerSink {
  std::size_t passes = 0;
  std::size_t longest = 0;
  bool begun = false;

  void add(const AnswerPart& part) override {
    if (part.tokens.empty()) return;
    if (begun) longest = std::max(longest, passes - 1);
    begun = true;
    passes = 0;
  }
  void end(const AnswerEnd&) override { begun = false; }
};

}  // namespace

TEST_CASE(
    "grouped answers are those of sessions alone, at most so many a pass, and none is passed over for long") {
  const auto model = demo<Told>();
  for (const std::size_t most : {1, 2, 3, 7, 100}) {
    CAPTURE(most);
    auto batch = model.batch(7, {.grouped_answers = most});
    std::vector<test::Answer> expected;
    std::vector<Waits> sinks(14);
    for (std::uint64_t seed = 0; seed < sinks.size(); ++seed) {
      const std::string& prompt = prompts[seed % prompts.size()];
      const GenerateOptions options = test::sampled(10 + static_cast<std::int32_t>(seed % 5) * 4);
      expected.push_back(test::alone(model, prompt, options, seed));
      batch.add_prompt(model.prompt(prompt, options), true, options, {.seed = seed}, {}, &sinks[seed]);
    }
    std::vector<BatchAnswer> found;
    while (batch.requests() > 0) {
      for (Waits& sink : sinks) ++sink.passes;
      Rows::rows = 0;
      for (BatchAnswer& answer : batch.step()) found.push_back(std::move(answer));
      CHECK(batch.last_pass().answers <= most);
      CHECK(Rows::rows == batch.last_pass().answers + batch.last_pass().prompts);
    }
    REQUIRE(found.size() == expected.size());
    for (const BatchAnswer& answer : found) test::check_same(answer, expected[answer.id - 1]);
    for (const Waits& sink : sinks) CHECK(sink.longest <= generate::ExpertGrouping::most_passed_over);
  }
}

TEST_CASE("passes that fail count for nobody: who was chosen for one waits no longer") {
  const auto model = demo<Told>();
  auto batch = model.batch(9, {.grouped_answers = 1});
  std::vector<test::Answer> expected;
  std::vector<Waits> sinks(9);
  for (std::uint64_t seed = 0; seed < sinks.size(); ++seed) {
    const std::string& prompt = prompts[seed % prompts.size()];
    const GenerateOptions options = test::sampled(12);
    expected.push_back(test::alone(model, prompt, options, seed));
    batch.add_prompt(model.prompt(prompt, options), true, options, {.seed = seed}, {}, &sinks[seed]);
  }
  std::vector<BatchAnswer> found;
  for (std::size_t pass = 0; batch.requests() > 0; ++pass) {
    Rows::throws = pass % 3 == 2;
    if (Rows::throws) {
      CHECK_THROWS_WITH(batch.step(), doctest::Contains("this pass fails"));
      continue;
    }
    for (Waits& sink : sinks) ++sink.passes;
    for (BatchAnswer& answer : batch.step()) found.push_back(std::move(answer));
  }
  REQUIRE(found.size() == expected.size());
  for (const BatchAnswer& answer : found) test::check_same(answer, expected[answer.id - 1]);
  for (const Waits& sink : sinks) CHECK(sink.longest <= generate::ExpertGrouping::most_passed_over);
}

TEST_CASE("a batch of any model, and what can't be grouped") {
  const AnyModel model(demo<Told>());
  AnyBatch batch = model.batch(2, {.grouped_answers = 1});
  for (const std::uint64_t seed : {3, 4}) {
    batch.add_prompt(model.prompt("A lamp", test::greedy(4)), true, test::greedy(4), {.seed = seed});
  }
  CHECK(batch.run().size() == 2);
  const auto too_few = [&] { model.batch(19, {.grouped_answers = 2}); };
  test::check_error<InvalidArgument>(too_few, {"2 of 19 rows", "at least 3"});
  const auto unheard = demo<test::Exact>();
  const auto group = [&] { unheard.batch(2, {.grouped_answers = 1}); };
  test::check_error<InvalidArgument>(group, {"Blueprint::Observer", "observe::RecentUse"});
}
