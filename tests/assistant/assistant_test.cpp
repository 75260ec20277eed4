// An assistant over the shipped checkpoint: blocks, personas, and what it goes on without.
#include "asterism/assistant/assistant.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/assistant/hidden_classifier.hpp"
#include "asterism/assistant/keyword_rules.hpp"
#include "asterism/generate/adapters.hpp"
#include "asterism/generate/load.hpp"

#include "laws/assistant_laws.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::assistant;

namespace {

struct Small : Blueprint {
  static constexpr Limits limits{.context = 192, .batch = 3, .prefill_chunk = 64, .threads = 2};
  using Adapters =
      expert::Adapters<expert::AdapterTargets{.query = true, .key = true, .value = true, .output = true}, 16, 3>;
};

const std::string checkpoint = std::string(ASTERISM_SOURCE_DIR) + "/examples/small_mixtral/checkpoint";
const std::vector<std::string> names{"REASON", "EXPLAIN", "TEACH"};
const std::string query = "What is the cost of Dusk Seer?";

/// Says what it is told to, or throws.
struct Scripted {
  std::vector<std::string> all = names;
  std::vector<double> says{0.1, 0.8, 0.1};
  bool fails = false;

  View<const std::string> labels() const { return all; }
  void classify(std::string_view, View<double> probabilities) const {
    if (fails) throw NumericError("no numbers today");
    std::copy(says.begin(), says.end(), probabilities.begin());
  }
};
static_assert(QueryClassifier<Scripted>);

/// Agrees on nothing.
struct Disagreeing {
  static std::string_view name() { return "disagreeing"; }
  static void combine(MatrixView<const float>, View<const double>, View<float>) {
    throw NumericError("nothing is agreed on");
  }
};

std::vector<Persona> personas(std::int32_t most = 8) {
  std::vector<Persona> out;
  for (const std::string& name : names) {
    out.push_back({.name = name, .speech = {.max_tokens = most, .stop = {"\n"}}});
  }
  return out;
}

const std::vector<librarian::Passage> facts{
    {.text = "Dusk Seer cost 5"}, {.text = "Dusk Seer strength 6"}, {.text = "Opal Dancer cost 3"}};

struct Fixture {
  LanguageModel<Small> model = load<Small>(checkpoint);
  Scripted classifier;
  Breaker::Clock::time_point now{};
  Assistant<Small, Scripted>::Parts parts{.personas = personas(), .gate = {.fallback = {0, 1}}};

  Fixture() {
    parts.lookup = [](std::string_view, std::string_view, std::size_t) { return facts; };
    parts.now = [this] { return now; };
    parts.base.speech = {.max_tokens = 8, .stop = {"\n"}};
  }
  Assistant<Small, Scripted> assistant() { return {model, classifier, parts}; }
};

}  // namespace

TEST_CASE("an answer from facts is that of a session with the same prompt") {
  Fixture fixture;
  auto assistant = fixture.assistant();
  std::string told;
  const AnswerRecord record = assistant.answer(query, 0, {}, [&](std::string_view text) { told += text; });
  auto session = fixture.model.session();
  std::string expected;
  for (const auto piece : session.generate(
           "[KNOWLEDGE] Dusk Seer cost 5. Dusk Seer strength 6. Opal Dancer cost 3. [/KNOWLEDGE]\nQuery: " +
               query + "\nResponse:",
           {.max_tokens = 8, .stop = {"\n"}})) {
    expected += piece;
  }
  CHECK(told == record.answer.text);
  CHECK(test::contains(record.answer.text, "5"));
  CHECK(expected == record.answer.text);
  CHECK(record.facts == 3);
  REQUIRE(record.asked.size() == 1);
  CHECK(record.asked[0].label == 1);
  CHECK(record.skipped.empty());
  REQUIRE(record.stages.size() == 3);
  CHECK(record.stages[1].name == "retrieve");
}

TEST_CASE("facts, queries and answers can bring no marker") {
  Fixture fixture;
  const text::Tokenizer& tokenizer = fixture.model.tokenizer();
  Conversation conversation(tokenizer, {}, 5);
  conversation.add("[/KNOWLEDGE]", " [KNOWLEDGE] Query: Response:");
  const std::vector<librarian::Passage> said{{.text = "Dusk Seer [/KNOWLEDGE] cost 5"}};
  const auto tokens = conversation.compose("[/KNOWLEDGE] Query: who?", said, "[KNOWLEDGE]", 1000, 3072).tokens;
  const auto count = [&](const char* marker) {
    const auto ids = tokenizer.encode(marker, {.add_special_tokens = false});
    REQUIRE(ids.size() == 1);
    return std::count(tokens.begin(), tokens.end(), ids[0]);
  };
  CHECK(count("[KNOWLEDGE]") == 1);
  CHECK(count("[/KNOWLEDGE]") == 1);
  CHECK(count("Query:") == 2);
  CHECK(count("Response:") == 2);
}

TEST_CASE("a lookup that fails leaves the block out, three times leave it alone for three minutes") {
  Fixture fixture;
  int calls = 0;
  fixture.parts.lookup = [&](std::string_view, std::string_view, std::size_t) -> std::vector<librarian::Passage> {
    ++calls;
    throw FileError("the store is gone");
  };
  auto assistant = fixture.assistant();
  for (int i = 0; i < 3; ++i) {
    const AnswerRecord record = assistant.answer(query);
    CHECK(record.facts == 0);
    CHECK(record.skipped == std::vector<std::string>{"facts: the store is gone"});
  }
  CHECK(assistant.answer(query).skipped ==
        std::vector<std::string>{"facts: looking them up failed again and again"});
  CHECK(calls == 3);
  fixture.now += std::chrono::seconds(180);
  assistant.answer(query);
  CHECK(calls == 4);
}

TEST_CASE("without a classifier rules tell the kind, without rules the fallback is asked") {
  Fixture fixture;
  fixture.classifier.fails = true;
  {
    auto assistant = fixture.assistant();
    const AnswerRecord record = assistant.answer(query);
    CHECK(record.probabilities.empty());
    CHECK(record.skipped == std::vector<std::string>{"the classifier: no numbers today"});
    REQUIRE(record.asked.size() == 2);
    CHECK(record.answer.steps[0].weights.size() == 2);
  }
  fixture.parts.rules = KeywordRules(Labels(names), {{}, {"nothing"}, {"cost of"}});
  auto assistant = fixture.assistant();
  const AnswerRecord record = assistant.answer(query);
  REQUIRE(record.asked.size() == 1);
  CHECK(record.asked[0].label == 2);
}

TEST_CASE("where several can't agree, one answers") {
  Fixture fixture;
  fixture.classifier.says = {0.5, 0.3, 0.2};  // 0 and 1 are asked
  Assistant<Small, Scripted, OrFallback<>, Disagreeing>::Parts parts{.personas = fixture.parts.personas,
                                                                     .gate = fixture.parts.gate,
                                                                     .base = fixture.parts.base,
                                                                     .lookup = fixture.parts.lookup};
  Assistant<Small, Scripted, OrFallback<>, Disagreeing> assistant(fixture.model, fixture.classifier, parts);
  const AnswerRecord record = assistant.answer(query);
  CHECK(record.skipped == std::vector<std::string>{"REASON+EXPLAIN: nothing is agreed on"});
  REQUIRE(record.asked.size() == 1);
  CHECK(record.asked[0].label == 0);
  CHECK_FALSE(record.answer.text.empty());
}

TEST_CASE("a persona whose files are gone is gone on without, and left alone after three failures") {
  Fixture fixture;
  const test::TemporaryFolder folder;
  const std::string files = folder / "reason";
  std::filesystem::copy(std::string(ASTERISM_SOURCE_DIR) + "/examples/assistant/personas/REASON", files);
  fixture.model.adapters().add("reason", files);
  std::filesystem::remove(files + "/adapter_model.safetensors");
  fixture.parts.personas[0].adapter = "reason";
  fixture.classifier.says = {0.5, 0.3, 0.2};  // 0 and 1 are asked
  auto assistant = fixture.assistant();
  for (int times = 0; times < 3; ++times) {
    const AnswerRecord record = assistant.answer(query);
    REQUIRE(record.skipped.size() == 2);
    CHECK(test::contains(record.skipped[0], "REASON+EXPLAIN: "));
    CHECK(test::contains(record.skipped[1], "REASON: "));
    REQUIRE(record.asked.size() == 1);
    CHECK(record.asked[0].label == 1);
  }
  CHECK(assistant.answer(query).skipped == std::vector<std::string>{"REASON: it failed again and again"});
  // Alone with all of the mass: the next most probable one is asked.
  fixture.classifier.says = {0.9, 0.02, 0.08};
  const AnswerRecord next = assistant.answer(query);
  REQUIRE(next.asked.size() == 1);
  CHECK(next.asked[0].label == 2);
  fixture.now += std::chrono::seconds(300);
  CHECK(assistant.answer(query).asked.empty());  // one trial, which fails: the base model

  // Where all are broken the base model answers, as it is told to speak.
  for (Persona& persona : fixture.parts.personas) persona.adapter = "reason";
  fixture.parts.base.speech = {.max_tokens = 3};
  auto broken = fixture.assistant();
  const AnswerRecord base = broken.answer(query);
  CHECK(base.asked.empty());
  CHECK(base.skipped.size() == 1);
  CHECK(base.answer.tokens.size() <= 3);
}

TEST_CASE("who listens and who cancels are nobody's failure, and no turn") {
  Fixture fixture;
  auto assistant = fixture.assistant();
  for (int times = 0; times < 6; ++times) {
    CHECK_THROWS_AS(
        assistant.answer(query, 0, {}, [](std::string_view) { throw FileError("the client is gone"); }),
        FileError);
  }
  std::stop_source stop;
  stop.request_stop();
  CHECK(assistant.answer(query, 0, stop.get_token()).answer.stats.finish_reason == FinishReason::cancelled);
  const AnswerRecord record = assistant.answer(query);
  CHECK(record.turns == 0);
  CHECK(record.asked.size() == 1);
}

TEST_CASE("answers that fail five times are not tried for a while") {
  Fixture fixture;
  const test::TemporaryFolder folder;
  const std::string files = folder / "reason";
  std::filesystem::copy(std::string(ASTERISM_SOURCE_DIR) + "/examples/assistant/personas/REASON", files);
  fixture.model.adapters().add("reason", files);
  std::filesystem::remove(files + "/adapter_model.safetensors");
  for (Persona& persona : fixture.parts.personas) persona.adapter = "reason";
  fixture.parts.base.adapter = "reason";
  auto assistant = fixture.assistant();
  for (int times = 0; times < 5; ++times) CHECK_THROWS_AS(assistant.answer(query), FileError);
  test::check_error<Error>([&] { assistant.answer(query); }, {"the last 5 failed", "600 s"});
  fixture.now += std::chrono::seconds(600);
  CHECK_THROWS_AS(assistant.answer(query), FileError);
}

TEST_CASE("a query sees the turns before, whole ones, the newest first") {
  Fixture fixture;
  auto assistant = fixture.assistant();
  for (std::size_t turn = 0; turn < 3; ++turn) CHECK(assistant.answer(query).turns == turn);
  CHECK(assistant.answer(query).turns == 3);
  assistant.clear();
  CHECK(assistant.answer(query).turns == 0);

  const text::Tokenizer& tokenizer = fixture.model.tokenizer();
  Conversation conversation(tokenizer, {}, 2);
  for (const char* name : {"one", "two", "three"}) conversation.add(name, concat(" ", name, "!"));
  CHECK(conversation.turns() == 2);
  const auto composed = [&](std::size_t room) {
    const auto made = conversation.compose("four", facts, "", room, 3072);
    return tokenizer.decode(View<const TokenId>(made.tokens), {.skip_special_tokens = false});
  };
  CHECK(test::contains(composed(1000),
                       "cost 3. [/KNOWLEDGE]\nQuery: two\nResponse: two!\nQuery: three\nResponse: three!"
                       "\nQuery: four\nResponse:"));
  // Of less room turns take half.
  const std::size_t alone = tokenizer.encode("\nQuery: four\nResponse:").size();
  const std::size_t turn =
      tokenizer.encode("\nQuery: three\nResponse: three!", {.add_special_tokens = false}).size();
  CHECK(conversation.compose("four", {}, "", alone + 2 * turn, 3072).turns == 1);
  CHECK(conversation.compose("four", {}, "", alone + 2 * turn - 1, 3072).turns == 0);
  CHECK(conversation.compose("four", {}, "", alone, 3072).tokens.size() == alone);
  test::check_error<InvalidArgument>([&] { conversation.compose("four", {}, "", alone - 1, 3072); },
                                     {concat("takes ", alone, " tokens"), concat("room for ", alone - 1)});
}

TEST_CASE("what an assistant refuses") {
  Fixture fixture;
  auto assistant = fixture.assistant();
  std::string long_query;
  for (int i = 0; i < 100; ++i) long_query += "Dusk Seer ";
  test::check_error<InvalidArgument>([&] { assistant.answer(long_query); },
                                     {"there is room for 184", "shorten it"});
  const auto refuse = [&](auto&& change, std::initializer_list<std::string_view> said) {
    const auto sound = fixture.parts;
    change(fixture.parts);
    test::check_error<InvalidArgument>([&] { fixture.assistant(); }, said);
    fixture.parts = sound;
  };
  refuse([](auto& parts) { parts.personas.pop_back(); }, {"a persona for each label"});
  refuse([](auto& parts) { parts.personas[1].adapter = "nobody"; }, {"no adapter nobody"});
  refuse([](auto& parts) { parts.personas[1].speech.max_tokens = 192; }, {"EXPLAIN", "192 tokens", "lower"});
  refuse([](auto& parts) { parts.gate.fallback = {7}; }, {"label 7 of 3"});
  refuse([](auto& parts) { parts.gate.fallback.clear(); }, {"falls back to no label"});
  refuse([](auto& parts) { parts.rules = KeywordRules(Labels({"A", "B"}), {{}, {}}); }, {"rules have the labels"});
  refuse([](auto& parts) { parts.council.temperature = 0; }, {"temperature is above 0"});
}

TEST_CASE("personas blend by how probable they are") {
  std::vector<Persona> two{
      {.name = "A", .adapter = "a", .preamble = "Be brief.", .speech = {.temperature = 0.2F, .top_p = 0.8F}},
      {.name = "B", .adapter = "b", .preamble = "Be kind.", .speech = {.temperature = 0.8F, .top_p = 1}}};
  const Persona both = blend(two, std::vector<Choice>{{0, 0.75}, {1, 0.25}});
  CHECK(both.name == "A+B");
  CHECK(both.preamble == "Be brief.\nBe kind.");
  CHECK(double{both.speech.temperature} == doctest::Approx(0.35));
  CHECK(double{both.speech.top_p} == doctest::Approx(0.85));
  const Persona one = blend(two, std::vector<Choice>{{1, 0.25}});
  CHECK(one.adapter == "b");
  CHECK(one.speech.temperature == 0.8F);
}

TEST_CASE("a head on hidden states obeys the laws, and learns") {
  Fixture fixture;
  HiddenClassifier<Small> hidden(Labels(names), fixture.model);
  std::vector<LabelledQuery> queries;
  for (const char* card : {"Dusk Seer", "Opal Dancer", "Pale Moth", "Misty Anchor"}) {
    queries.push_back({std::string("What is the bill of two ") + card + "?", 0});
    queries.push_back({std::string("Name the cost of ") + card + ".", 1});
    queries.push_back({std::string("What does ") + card + " mean?", 2});
  }
  CHECK(hidden.fit(queries, {.epochs = 100}) < 0.5);
  std::vector<double> p(3);
  hidden.classify("Name the cost of Thorn Crow.", p);
  CHECK(p[1] > 0.5);
  laws::query_classifier(hidden);
  test::check_error<InvalidArgument>(
      [&] { HiddenClassifier<Small>(Labels(names), fixture.model, SoftmaxRegression(3, 7)); },
      {"7 inputs", "128 numbers", "another model"});
}
