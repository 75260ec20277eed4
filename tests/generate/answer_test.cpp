// One answer: its text grows with its tokens, and ends with what they still hold.
#include "asterism/generate/decoding/answer.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "checkpoint/edited_checkpoint.hpp"

using namespace asterism;

namespace {

using Tokens = std::vector<TokenId>;

const text::Tokenizer& tokenizer() {
  static const auto out = text::Tokenizer::from_file(test::golden_model("demo") + "/tokenizer.json");
  return out;
}

Tokens words(const std::string& text) { return tokenizer().encode(text, {.add_special_tokens = false}); }

/// An answer, and the text that it has told.
struct Told {
  generate::Answer answer;
  std::string text;

  explicit Told(const Tokens& context, GenerateOptions options = {}) {
    answer.begin(options, Random(1), {.tokens = {1, 2, 3}});
    answer.begin_text(tokenizer(), context);
  }
  void add(TokenId token, bool is_end_token = false, bool context_full = false) {
    text += answer.add(token, is_end_token, {.tokens = context_full ? 101 : 50, .context = 100});
    take_held();
  }
  void end(FinishReason reason) {
    answer.end(reason);
    take_held();
  }
  void take_held() {
    if (!answer.ended()) return;
    for (std::string_view held = answer.next_held(); !held.empty(); held = answer.next_held()) text += held;
    CHECK(answer.next_held().empty());
  }
  FinishReason reason() const { return answer.stats().finish_reason; }
};

GenerateOptions stopping_at(std::string stop, std::int32_t max_tokens = 256) {
  GenerateOptions options;
  options.stop = {std::move(stop)};
  options.max_tokens = max_tokens;
  return options;
}

}  // namespace

TEST_CASE("text continues that of the context, or is one of its own") {
  for (const bool continues : {true, false}) {
    Told one(continues ? words("one") : Tokens());
    const Tokens two = words("two three");
    for (const TokenId token : two) one.add(token);
    CHECK_FALSE(one.answer.ended());
    one.end(FinishReason::cancelled);
    CHECK(one.text == (continues ? " two three" : "two three"));
    CHECK(one.answer.stats().usage.prompt_tokens == 3);
    CHECK(one.answer.stats().usage.completion_tokens == static_cast<std::int32_t>(two.size()));
    CHECK(one.reason() == FinishReason::cancelled);
    one.end(FinishReason::eos);  // too late
    CHECK(one.reason() == FinishReason::cancelled);
  }
}

TEST_CASE("an end token is counted and not written, unless the options go on there") {
  Told one(words("one"));
  for (const TokenId token : words("two")) one.add(token);
  const std::int32_t before = one.answer.stats().usage.completion_tokens;
  one.add(words("three").front(), true);
  CHECK(one.text == " two");
  CHECK(one.answer.stats().usage.completion_tokens == before + 1);
  CHECK(one.reason() == FinishReason::eos);

  GenerateOptions options;
  options.stop_at_eos = false;
  Told on(words("one"), options);
  on.add(words("three").front(), true);
  CHECK_FALSE(on.answer.ended());
}

TEST_CASE("it ends at end tokens, stop strings, its limit, or where the context is full, in this order") {
  const TokenId token = words("a").back();
  const auto reason = [&](GenerateOptions options, bool is_end, bool full) {
    Told one({}, std::move(options));
    one.add(token, is_end, full);
    return one.reason();
  };
  CHECK(reason(stopping_at("a", 1), true, true) == FinishReason::eos);
  CHECK(reason(stopping_at("a", 1), false, true) == FinishReason::stop_string);
  CHECK(reason(stopping_at("#", 1), false, true) == FinishReason::max_tokens);
  CHECK(reason(stopping_at("#", 2), false, true) == FinishReason::context_full);
  CHECK(reason(stopping_at("#", 2), false, false) == FinishReason::none);
}

TEST_CASE("a stop string ends it, also where the text is complete only then; what may have been one is not lost") {
  const Tokens tokens = words("two three four");
  Told stopped(words("one"), stopping_at("ee"));
  Told whole(words("one"), stopping_at("four@", static_cast<std::int32_t>(tokens.size())));
  for (const TokenId token : tokens) {
    if (!stopped.answer.ended()) stopped.add(token);
    whole.add(token);
  }
  CHECK(stopped.text == " two thr");
  CHECK(stopped.reason() == FinishReason::stop_string);
  CHECK(whole.text == " two three four");
  CHECK(whole.reason() == FinishReason::max_tokens);

  const Tokens emoji = words("🙂");
  Told bytes(words("one"), stopping_at("\uFFFD", 2));
  bytes.add(*(emoji.end() - 4));
  bytes.add(*(emoji.end() - 3));
  CHECK(bytes.text.empty());
  CHECK(bytes.reason() == FinishReason::stop_string);
}

TEST_CASE("times: of the prompt until the first token, then of the answer") {
  Told one(words("one"));
  one.answer.add_time(1);
  one.answer.add_time(2);
  one.add(5);
  one.answer.add_time(4);
  CHECK(one.answer.stats().prefill_seconds == 3);
  CHECK(one.answer.stats().decode_seconds == 4);
  CHECK(one.answer.stats().seconds_to_first_token > 0);
}

TEST_CASE("without a tokenizer there are tokens alone, and it can begin anew") {
  generate::Answer one;
  for (int i = 0; i < 2; ++i) {
    one.begin({}, Random(1), {.tokens = {1}});
    CHECK_FALSE(one.ended());
    CHECK(one.add(5, false, {.tokens = 4, .context = 100}).empty());
    CHECK(one.add(2, true, {.tokens = 5, .context = 100}).empty());
    CHECK(one.ended());
    CHECK(one.next_held().empty());
    CHECK(one.stats().usage.completion_tokens == 2);
  }
}

TEST_CASE("the caller hears once an answer that the context is nearly full") {
  std::vector<std::int32_t> heard;
  GenerateOptions options;
  options.near_limit = [&](const ContextUse& use) {
    CHECK(use.context == 10);
    heard.push_back(use.tokens);
  };
  generate::Answer one;
  for (int again = 0; again < 2; ++again) {
    one.begin(options, Random(1), {.tokens = {1, 2, 3}});
    for (std::int32_t tokens = 4; tokens <= 11; ++tokens) one.add(5, false, {.tokens = tokens, .context = 10});
    CHECK(one.stats().finish_reason == FinishReason::context_full);
  }
  CHECK(heard == std::vector<std::int32_t>{8, 8});
  options.near_limit_share = 0.35;
  one.begin(options, Random(1), {.tokens = {1, 2, 3, 4, 5}});
  one.add(5, false, {.tokens = 6, .context = 10});  // a prompt that is long itself
  CHECK(heard.back() == 6);
}

TEST_CASE("it counts what was left out of the prompt") {
  generate::Answer one;
  one.begin({}, Random(1), {.tokens = {1, 2, 3}, .dropped_tokens = 40, .dropped_turns = 2});
  one.set_known(2, 1);
  const Usage& usage = one.stats().usage;
  CHECK(usage.prompt_tokens == 3);
  CHECK(usage.dropped_tokens == 40);
  CHECK(usage.dropped_turns == 2);
  CHECK(usage.cached_tokens == 2);
  CHECK(usage.recomputed_tokens == 1);
}
