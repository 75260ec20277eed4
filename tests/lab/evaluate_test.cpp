// Evaluating a model: answers, scores, perplexity and traces, held against sessions used by hand.
#include "asterism/lab/evaluate.hpp"

#include <cmath>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/sliding_window_kv_cache.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/version.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/observe/counts.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/golden.hpp"

using namespace asterism;
using lab::Question;
using test::check_error;
using test::Exact;
using test::golden_model;

namespace {

std::vector<Question> some_questions() {
  std::vector<Question> questions = {{"a", "s", "river", "The river", "x"},
                                     {"b", "s", "lamp", "A keeper of the lamp", "y"},
                                     {"c", "t", "river", "In the morning", "z w"}};
  // The demonstration model's own greedy answer is the known one of the first and the last.
  auto model = load<Exact>(golden_model("demo"));
  auto session = model.session();
  for (const std::size_t i : {0U, 2U}) {
    std::string text;
    for (const std::string_view piece : session.generate(questions[i].prompt, {.max_tokens = 6, .stop = {"\n"}}))
      text += piece;
    questions[i].answer = lab::trimmed(text);
  }
  return questions;
}

struct Fast : Exact {
  using Backend = backend::HostA8;
};
struct Short : Exact {
  using KvCache = attention::SlidingWindowKvCache<quant::Float16, 64>;
};
struct OwnGating : gating::SoftmaxTopK {
  using SoftmaxTopK::SoftmaxTopK;
};
struct Choosy : Exact {
  using Gating = OwnGating;
};
/// Values in 16 bits, or, with as many matrices in each format, keys.
struct Values : Exact {
  using Quantization = quant::OneOf<quant::Float32, quant::Float16>;
  static constexpr model::Formats formats(const Shape& shape) {
    model::Formats out;
    out.set(model::Role::value, LayerSet::range(0, shape.layers), 1);
    return out;
  }
};
struct Keys : Values {
  static constexpr model::Formats formats(const Shape& shape) {
    model::Formats out;
    out.set(model::Role::key, LayerSet::range(0, shape.layers), 1);
    return out;
  }
};

}  // namespace

TEST_CASE("answers are the session's greedy answers; right is what equals the known one") {
  const std::vector<Question> questions = some_questions();
  const lab::Evaluation found = lab::evaluate<Exact>(golden_model("demo"), questions, {}, {.max_tokens = 6});
  REQUIRE(found.answers.size() == 3);
  CHECK(found.answers[0].right);
  CHECK(found.answers[0].text == questions[0].answer);
  CHECK(!found.answers[1].right);
  CHECK(found.answers[2].right);
  CHECK(found.variant == "Exact");
  CHECK(found.policies == "float32; embedding float32, head float32; StaticKvCache<Float32>; exact activations");
  const auto all = [](const Question&) { return true; };
  CHECK(found.score(questions, all) == lab::Score{2, 3});
  CHECK(found.score(questions, [](const Question& question) { return question.kind == "lamp"; }) ==
        lab::Score{0, 1});
}

TEST_CASE("the known answer is scored behind its prompt, its end token included") {
  const std::vector<Question> questions = some_questions();
  const lab::Evaluation found = lab::evaluate<Exact>(golden_model("demo"), questions, {}, {.max_tokens = 6});
  const auto model = load<Exact>(golden_model("demo"));
  double sum = 0;
  std::int32_t count = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const std::size_t first = model.tokenizer().encode(questions[i].prompt).size();
    auto tokens = model.tokenizer().encode(questions[i].prompt + " " + questions[i].answer);
    tokens.push_back(model.end_tokens().front());
    auto session = model.session();
    const std::vector<float> all = session.log_probabilities(tokens);
    double expected = 0;
    for (std::size_t t = first - 1; t < all.size(); ++t) expected += double{all[t]};
    CHECK(found.answers[i].log_probability == doctest::Approx(expected).epsilon(1e-12));
    CHECK(found.answers[i].scored_tokens == static_cast<std::int32_t>(tokens.size() - first));
    sum -= expected;
    count += found.answers[i].scored_tokens;
  }
  CHECK(found.perplexity(questions, [](const Question&) { return true; }) ==
        doctest::Approx(std::exp(sum / count)));
}

TEST_CASE("where no answer is known the prompt itself is scored") {
  const std::vector<Question> questions = {{"a", "", "", "The river and the lamp", ""}};
  const lab::Evaluation found = lab::evaluate<Exact>(golden_model("demo"), questions, {}, {.max_tokens = 2});
  const auto model = load<Exact>(golden_model("demo"));
  auto session = model.session();
  double expected = 0;
  const auto all = session.log_probabilities(model.tokenizer().encode("The river and the lamp"));
  for (const float value : all) expected += double{value};
  CHECK(found.answers[0].log_probability == doctest::Approx(expected).epsilon(1e-12));
  CHECK(found.answers[0].scored_tokens == static_cast<std::int32_t>(all.size()));
  CHECK_FALSE(found.answers[0].right);
  CHECK(found.score(questions, [](const Question&) { return true; }).asked == 0);
}

TEST_CASE("use of experts is counted by kind; tokens and seconds add up") {
  const std::vector<Question> questions = some_questions();
  lab::RoutingTrace trace(3, 8, 2);
  const lab::Evaluation found =
      lab::evaluate<Exact>(golden_model("demo"), questions, {}, {.max_tokens = 6, .trace = &trace});
  REQUIRE(found.usage.size() == 2);
  CHECK(found.usage[0].first == "river");
  CHECK(found.usage[1].first == "lamp");
  REQUIRE(trace.sequences().size() == 3);
  std::uint64_t tokens = 0;
  for (const auto& sequence : trace.sequences()) tokens += sequence.tokens.size();
  const lab::ExpertUsage usage = found.all_usage();
  for (std::int32_t layer = 0; layer < 3; ++layer) {
    std::uint64_t chosen = 0;
    for (std::int32_t expert = 0; expert < 8; ++expert) chosen += usage.chosen(layer, expert);
    CHECK(chosen == 2 * tokens);
  }
  CHECK(trace.sequences()[1].label == "b");
  std::uint64_t computed = 2;  // the second and third share <s> with what stood before
  for (const lab::Answer& answer : found.answers) computed += answer.prefill.tokens + answer.decode.tokens;
  CHECK(computed == tokens);
  CHECK(found.prefill_speed().all > 0);
  CHECK(found.devices.size() == 1);
  CHECK(found.weights() > 0_B);
}

TEST_CASE("a question asked in the chat template is the session's chat") {
  const std::vector<Question> questions = {{"a", "", "", "How many?", "none"}};
  const lab::Evaluation found =
      lab::evaluate<Exact>(golden_model("demo"), questions, {}, {.max_tokens = 5, .stop = {}, .chat = true});
  const auto model = load<Exact>(golden_model("demo"));
  auto session = model.session();
  std::string text;
  const std::vector<text::Message> turn = {{"user", "How many?"}};
  for (const std::string_view piece : session.chat(turn, {.max_tokens = 5})) text += piece;
  CHECK(found.answers[0].text == lab::trimmed(text));
}

TEST_CASE("a question that the context does not hold is named; an interrupt ends the evaluation") {
  std::vector<Question> questions = {{"short", "", "", "a", "b"}, {"long", "", "", std::string(2000, 'x'), "b"}};
  LoadOptions options;
  options.limits = Exact::limits;
  options.limits->context = 64;
  check_error<InvalidArgument>([&] { lab::evaluate<Exact>(golden_model("demo"), questions, options); },
                               {"question long", "context holds 64"});
  check_error<InvalidArgument>([&] { lab::evaluate<Exact>(golden_model("demo"), std::vector<Question>{}); },
                               {"no question"});
  std::stop_source source;
  source.request_stop();
  check_error<Error>(
      [&] { lab::evaluate<Exact>(golden_model("demo"), some_questions(), {}, {.cancel = source.get_token()}); },
      {"interrupted"});
}

TEST_CASE("policies in words tell variants apart: activations, caches and what is not the Blueprint's") {
  CHECK(lab::policies_text<Fast>().ends_with("8-bit activations"));
  CHECK(lab::policies_text<Short>().find("SlidingWindowKvCache<Float16, 64") != std::string::npos);
  CHECK(lab::policies_text<Choosy>().find("OwnGating") != std::string::npos);
  CHECK(lab::policies_text<Exact>().find("SoftmaxTopK") == std::string::npos);
  constexpr Shape shape = shapes::mixtral_8x7b;
  const std::string values = lab::policies_text<Values>(shape);
  CHECK(values.find("; 32 matrices in float16; 192 matrices in float32; recipe ") != std::string::npos);
  CHECK(values != lab::policies_text<Keys>(shape));
  CHECK(lab::policies_text<Exact>(shape) == lab::policies_text<Exact>());
}

TEST_CASE("an evaluation says what was asked, and under which conditions") {
  const std::vector<Question> questions = some_questions();
  const lab::EvaluateOptions options{.max_tokens = 2, .stop = {"."}};
  const lab::Evaluation found = lab::evaluate<Exact>(golden_model("demo"), questions, {}, options);
  CHECK(found.asked == lab::asked_of(golden_model("demo") + "/", questions, options));
  CHECK(found.asked.checkpoint.starts_with("/"));
  CHECK(found.conditions.threads == found.limits.threads);
  CHECK(found.conditions.version == version);
}

TEST_CASE("progress counts questions and calls the variant by the name it was given") {
  struct Heard : ProgressSink {
    std::string task;
    std::uint64_t total = 0;
    std::uint64_t last = 0;
    bool ended = false;
    void begin(std::string_view name, std::uint64_t all, ProgressUnit unit) override {
      CHECK(unit == ProgressUnit::items);
      task = name;
      total = all;
    }
    void advance(std::uint64_t done, std::string_view) override { last = done; }
    void end() override { ended = true; }
  } heard;
  const lab::EvaluateOptions options{.max_tokens = 2, .progress = &heard};
  const lab::Evaluation found = lab::evaluate<Exact>(golden_model("demo"), some_questions(), {}, options, "int8");
  CHECK(heard.task == "asking int8");
  CHECK(found.variant == "int8");
  CHECK(heard.total == 3);
  CHECK(heard.last == 3);
  CHECK(heard.ended);
}
