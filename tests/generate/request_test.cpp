// One request: its text grows with its tokens, and ends with what they still hold.
#include "asterism/generate/request.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "checkpoint/edited_checkpoint.hpp"

using namespace asterism;
using generate::Request;

namespace {

using Tokens = std::vector<TokenId>;

const text::Tokenizer& tokenizer() {
  static const auto out = text::Tokenizer::from_file(test::golden_model("demo") + "/tokenizer.json");
  return out;
}

Tokens words(const std::string& text) { return tokenizer().encode(text, {.add_special_tokens = false}); }

Request request(const Tokens& prompt, std::vector<std::string> stop = {}, bool continues_prompt = true) {
  GenerateOptions options;
  options.stop = std::move(stop);
  Request out{.answer = {.id = 7},
              .prompt = prompt,
              .continues_prompt = continues_prompt,
              .options = std::make_unique<GenerateOptions>(std::move(options)),
              .random = Random(1),
              .added = Request::Clock::now()};
  out.begin_text(tokenizer());
  return out;
}

}  // namespace

TEST_CASE("text continues the prompt's, or is one of its own") {
  for (const bool continues : {true, false}) {
    Request one = request(words("one"), {}, continues);
    const Tokens two = words("two three");
    for (const TokenId token : two) one.add_token(token, FinishReason::none);
    CHECK_FALSE(one.ended());
    one.end(FinishReason::cancelled);
    CHECK(one.answer.text == (continues ? " two three" : "two three"));
    CHECK(one.answer.tokens == two);
    CHECK(one.answer.outcome.usage.completion_tokens == static_cast<std::int32_t>(two.size()));
    CHECK(one.answer.outcome.finish_reason == FinishReason::cancelled);
    CHECK(one.ended());
  }
}

TEST_CASE("an end token is counted and not written") {
  Request one = request(words("one"));
  for (const TokenId token : words("two")) one.add_token(token, FinishReason::none);
  const std::size_t before = one.answer.tokens.size();
  one.add_token(words("three").front(), FinishReason::eos);
  CHECK(one.answer.text == " two");
  CHECK(one.answer.tokens.size() == before + 1);
  CHECK(one.answer.outcome.finish_reason == FinishReason::eos);
}

TEST_CASE("a stop string ends it, also where the text is complete only then; what may have been one is not lost") {
  Request stopped = request(words("one"), {"ee"});
  Request whole = request(words("one"), {"four@"});
  const Tokens tokens = words("two three four");
  for (const TokenId token : tokens) {
    if (!stopped.ended()) stopped.add_token(token, FinishReason::none);
    whole.add_token(token, token == tokens.back() ? FinishReason::max_tokens : FinishReason::none);
  }
  CHECK(stopped.answer.text == " two thr");
  CHECK(stopped.answer.outcome.finish_reason == FinishReason::stop_string);
  CHECK(whole.answer.text == " two three four");
  CHECK(whole.answer.outcome.finish_reason == FinishReason::max_tokens);

  const Tokens emoji = words("🙂");
  Request bytes = request(words("one"), {"\uFFFD"});
  bytes.add_token(*(emoji.end() - 4), FinishReason::none);
  bytes.add_token(*(emoji.end() - 3), FinishReason::max_tokens);
  CHECK(bytes.answer.text.empty());
  CHECK(bytes.answer.outcome.finish_reason == FinishReason::stop_string);
}

TEST_CASE("times: of the prompt until the first token, then of the answer") {
  Request one = request(words("one"));
  one.add_time(1);
  one.add_time(2);
  one.add_token(5, FinishReason::none);
  one.add_time(4);
  CHECK(one.answer.outcome.prefill_seconds == 3);
  CHECK(one.answer.outcome.decode_seconds == 4);
  CHECK(one.answer.outcome.seconds_to_first_token > 0);
}

TEST_CASE("without a tokenizer there are tokens alone") {
  Request one = request({1});
  one.text.reset();
  one.add_token(5, FinishReason::none);
  one.add_token(2, FinishReason::eos);
  CHECK(one.answer.text.empty());
  CHECK(one.answer.tokens == Tokens{5, 2});
  CHECK(one.ended());
}
