// Answers as ranges of text: the pieces together are the decoded tokens, and every way to end.
#include "asterism/generate/decoding/text_stream.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/json/json.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/streamed.hpp"

using namespace asterism;
using test::check_error;
using test::Exact;
using test::golden_model;
using test::TemporaryFolder;

static_assert(std::input_iterator<TextStream<Session<Exact>>::Iterator>);
static_assert(std::ranges::input_range<TextStream<Session<Exact>>>);
static_assert(!std::is_copy_constructible_v<TextStream<Session<Exact>>>);

namespace {

using Tokens = std::vector<TokenId>;

const LanguageModel<Exact>& demo() {
  static const LanguageModel<Exact> model = load<Exact>(golden_model("demo"));
  return model;
}

GenerateOptions sampled(std::int32_t max_tokens) {
  GenerateOptions options;
  options.temperature = 6;  // varied, with all kinds of tokens
  options.max_tokens = max_tokens;
  options.stop_at_eos = false;
  return options;
}

struct Answer {
  std::string text;
  std::size_t pieces = 0;
  FinishReason reason = FinishReason::none;
  Usage usage{};
};

/// Reads a stream to its end; no piece is empty, each is whole UTF-8.
Answer read(Session<Exact>& session, TextStream<Session<Exact>> stream) {
  Answer answer;
  for (const std::string_view piece : stream) {
    REQUIRE(!piece.empty());
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
    CHECK(!continues(piece.front()));
    std::size_t last = piece.size() - 1;
    while (last > 0 && continues(piece[last])) --last;
    const auto lead = static_cast<unsigned char>(piece[last]);
    CHECK(piece.size() - last == (lead < 0x80U ? 1 : lead < 0xE0U ? 2 : lead < 0xF0U ? 3 : 4));
    answer.text += piece;
    ++answer.pieces;
  }
  answer.reason = session.last().finish_reason;
  answer.usage = session.last().usage;
  return answer;
}

Answer answer_of(const std::string& prompt, const GenerateOptions& options, std::uint64_t seed = 0) {
  auto session = demo().session({.seed = seed});
  return read(session, session.generate(prompt, options));
}

/// What the tokens add to the text of the prompt.
std::string decoded(const std::string& before, const Tokens& tokens) {
  const text::Tokenizer& tokenizer = demo().tokenizer();
  Tokens all = tokenizer.encode(before);
  while (tokenizer.id_to_token(all.back()).starts_with("<0x")) all.pop_back();  // bytes that end with the prompt
  const std::string context = test::streamed(tokenizer, all);
  all.insert(all.end(), tokens.begin(), tokens.end());
  return test::streamed(tokenizer, all).substr(context.size());
}

Tokens tokens_of(const std::string& prompt, const GenerateOptions& options, std::uint64_t seed) {
  auto session = demo().session({.seed = seed});
  return session.generate_tokens(demo().tokenizer().encode(prompt), options);
}

/// The demo with other end tokens.
LanguageModel<Exact> ending_at(const Tokens& ends) {
  const TemporaryFolder folder;
  test::copy_files(golden_model("demo"), folder.path());
  test::write_file(folder / "generation_config.json", json::Value({{"eos_token_id", ends}}).dump());
  return load<Exact>(folder.path());
}

const std::string prompt = "The keeper of the lamp";

}  // namespace

TEST_CASE("the pieces together are the decoded tokens") {
  std::size_t shorter = 0;
  std::size_t incomplete = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    const auto count = static_cast<std::int32_t>(20 + seed % 7);
    const Tokens tokens = tokens_of(prompt, sampled(count), seed);
    const Answer answer = answer_of(prompt, sampled(count), seed);
    CHECK(answer.text == decoded(prompt, tokens));
    CHECK(answer.reason == FinishReason::max_tokens);
    CHECK(answer.usage.completion_tokens == count);
    CHECK(answer.usage.prompt_tokens == static_cast<std::int32_t>(demo().tokenizer().encode(prompt).size()));
    shorter += answer.pieces < static_cast<std::size_t>(count) ? 1 : 0;
    incomplete += answer.text.ends_with("\uFFFD") ? 1 : 0;
  }
  CHECK(shorter > 5);     // some held bytes back
  CHECK(incomplete > 0);  // until the very end
}

TEST_CASE("an answer continues the prompt's text, leading space included") {
  bool space = false;
  for (const std::string before : {"a", "A keeper", "ends with a new line\n", "日本語 🙂", "tab\t"}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      CAPTURE(before);
      CAPTURE(seed);
      const std::string text = answer_of(before, sampled(20), seed).text;
      CHECK(text == decoded(before, tokens_of(before, sampled(20), seed)));
      space |= text.starts_with(' ');
    }
  }
  CHECK(space);
}

TEST_CASE("stop strings end the answer wherever they stand") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    const std::string whole = answer_of(prompt, sampled(30), seed).text;
    for (std::size_t begin = 0; begin + 3 <= whole.size(); begin += 5) {
      GenerateOptions options = sampled(30);
      std::size_t from = begin;  // whole characters
      while (from > 0 && (static_cast<unsigned char>(whole[from]) & 0xC0U) == 0x80U) --from;
      std::size_t to = begin + 3;
      while (to < whole.size() && (static_cast<unsigned char>(whole[to]) & 0xC0U) == 0x80U) ++to;
      const std::string stop = whole.substr(from, to - from);
      options.stop = {"never to be seen", stop};
      const Answer answer = answer_of(prompt, options, seed);
      CHECK(answer.text == whole.substr(0, whole.find(stop)));
      CHECK(answer.reason == FinishReason::stop_string);
      CHECK(answer.usage.completion_tokens <= 30);
    }
    GenerateOptions options = sampled(30);  // a beginning of it stands at the end: nothing is lost
    options.stop = {whole.substr(whole.size() - 4) + "@", "never to be seen"};
    const Answer answer = answer_of(prompt, options, seed);
    CHECK(answer.text == whole);
    CHECK(answer.reason == FinishReason::max_tokens);
  }
}

TEST_CASE("a stop string that is complete only when the text is") {
  std::size_t seen = 0;
  for (std::uint64_t seed = 0; seed < 400 && seen < 3; ++seed) {
    const std::string whole = answer_of(prompt, sampled(6), seed).text;
    if (!whole.ends_with("\uFFFD") || whole.find("\uFFFD") != whole.size() - 3) continue;
    ++seen;
    GenerateOptions options = sampled(6);
    options.stop = {"\uFFFD"};
    const Answer answer = answer_of(prompt, options, seed);
    CHECK(answer.text == whole.substr(0, whole.size() - 3));
    CHECK(answer.reason == FinishReason::stop_string);
    CHECK(answer.usage.completion_tokens == 6);
  }
  CHECK(seen > 0);
}

TEST_CASE("end tokens are counted and not written") {
  const Tokens tokens = tokens_of(prompt, sampled(30), 3);
  std::size_t at = 8;
  while (std::find(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(at), tokens[at]) !=
         tokens.begin() + static_cast<std::ptrdiff_t>(at)) {
    ++at;  // the first token of its kind
  }
  const auto model = ending_at({2, tokens[at]});
  auto session = model.session({.seed = 3});
  GenerateOptions options = sampled(30);
  options.stop_at_eos = true;
  const Answer answer = read(session, session.generate(prompt, options));
  CHECK(answer.text == decoded(prompt, Tokens(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(at))));
  CHECK(answer.reason == FinishReason::eos);
  CHECK(answer.usage.completion_tokens == static_cast<std::int32_t>(at) + 1);

  const auto at_once = ending_at({tokens[0]});
  auto silent = at_once.session({.seed = 3});
  auto stream = silent.generate(prompt, options);
  CHECK(stream.begin() == stream.end());
  CHECK(silent.last().finish_reason == FinishReason::eos);
  CHECK(silent.last().usage.completion_tokens == 1);
}

TEST_CASE("the context ends an answer") {
  LoadOptions load_options;
  load_options.limits = Exact::limits;
  load_options.limits->context = 24;
  const auto model = load<Exact>(golden_model("demo"), load_options);
  auto session = model.session({.seed = 1});
  const Answer answer = read(session, session.generate(prompt, sampled(1000)));
  CHECK(answer.reason == FinishReason::context_full);
  CHECK(answer.usage.prompt_tokens + answer.usage.completion_tokens == 25);
  CHECK(answer.text == decoded(prompt, tokens_of(prompt, sampled(answer.usage.completion_tokens), 1)));
}

TEST_CASE("cancelling before the first token and in the middle") {
  std::stop_source stop;
  GenerateOptions options = sampled(60);
  options.cancel = stop.get_token();
  auto session = demo().session();
  std::string text;
  std::size_t pieces = 0;
  for (const std::string_view piece : session.generate(prompt, options)) {
    text += piece;
    if (++pieces == 5) stop.request_stop();
  }
  CHECK(session.last().finish_reason == FinishReason::cancelled);
  CHECK(session.last().usage.completion_tokens < 60);
  CHECK(text == decoded(prompt, tokens_of(prompt, sampled(session.last().usage.completion_tokens), 0)));
  CHECK(read(session, session.generate(prompt, options)).text.empty());
  CHECK(session.last().finish_reason == FinishReason::cancelled);
  CHECK(session.last().usage.completion_tokens == 0);
}

TEST_CASE("breaking off, going on, and beginning anew") {
  const std::string whole = answer_of(prompt, sampled(40), 5).text;
  auto session = demo().session({.seed = 5});
  auto stream = session.generate(prompt, sampled(40));
  std::string text;
  for (const std::string_view piece : stream) {
    text += piece;
    if (text.size() > 20) break;
  }
  CHECK(session.last().finish_reason == FinishReason::none);
  for (const std::string_view piece : stream) text += piece;  // the rest
  CHECK(text == whole);
  CHECK(session.last().finish_reason == FinishReason::max_tokens);
  for (const std::string_view piece : stream) FAIL(piece);  // it has ended

  GenerateOptions greedy = sampled(20);
  greedy.temperature = 0;
  for (const std::string_view piece : session.generate(prompt, sampled(40))) {
    CHECK(!piece.empty());
    break;
  }
  CHECK(read(session, session.generate(prompt, greedy)).text == answer_of(prompt, greedy).text);
}

TEST_CASE("a stream whose session went on is refused, not continued") {
  auto session = demo().session();
  auto stream = session.generate(prompt, sampled(40));
  auto piece = stream.begin();
  const auto check = [&] { check_error<InvalidArgument>([&] { ++piece; }, {"broken off"}); };
  session.clear();
  check();
  auto second = session.generate(prompt, sampled(40));
  check();
  CHECK(second.begin() != second.end());
  piece = second.begin();
  session.log_probabilities(Tokens{1, 5, 6});
  check();
  session.generate_tokens(Tokens{1, 5, 6}, sampled(3));
  check();
  CHECK(read(session, session.generate(prompt, sampled(5))).usage.completion_tokens == 5);
}

TEST_CASE("a stream may be moved before it is walked through") {
  auto session = demo().session({.seed = 5});
  GenerateOptions options = sampled(40);
  options.stop = {"never to be seen"};
  std::vector<TextStream<Session<Exact>>> streams;
  streams.push_back(session.generate(prompt, options));
  CHECK(read(session, std::move(streams.front())).text == answer_of(prompt, sampled(40), 5).text);
}

TEST_CASE("the outcome tells times and speeds") {
  auto session = demo().session();
  read(session, session.generate(prompt, sampled(20)));
  const GenerationStats& outcome = session.last();
  CHECK(outcome.prefill_seconds > 0);
  CHECK(outcome.seconds_to_first_token >= outcome.prefill_seconds);
  CHECK(outcome.decode_seconds > 0);
  CHECK(outcome.prefill_speed() > 0);
  CHECK(outcome.decode_speed() > 0);
}
