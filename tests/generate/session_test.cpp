// Conversations: what is reused, what is refused, how answers end, and what logits say.
#include "asterism/generate/session.hpp"

#include <algorithm>
#include <cmath>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/json/json.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/golden.hpp"
#include "support/streamed.hpp"

using namespace asterism;
using test::check_error;
using test::Defaults;
using test::EditedCheckpoint;
using test::Exact;
using test::golden_model;
using test::TemporaryFolder;

namespace {

using Tokens = std::vector<TokenId>;

const LanguageModel<Exact>& demo() {
  static const LanguageModel<Exact> model = load<Exact>(golden_model("demo"));
  return model;
}

const test::Golden& golden() {
  static const test::Golden values("expected/demo.safetensors");
  return values;
}

GenerateOptions greedy(std::int32_t max_tokens) {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.stop_at_eos = false;
  return options;
}

GenerateOptions sampled(std::int32_t max_tokens) {
  GenerateOptions options = greedy(max_tokens);
  options.temperature = 5;
  options.top_k = 100;
  return options;
}

Tokens joined(const Tokens& a, const Tokens& b) {
  Tokens out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

/// What a fresh session answers.
Tokens alone(const LanguageModel<Exact>& model, const Tokens& prompt, const GenerateOptions& options,
             std::uint64_t seed = 0) {
  return model.session({.seed = seed}).generate_tokens(prompt, options);
}

}  // namespace

TEST_CASE("a prompt that begins as the conversation is computed from where it differs, with the same bits") {
  const Tokens first = golden().values<TokenId>("prompt_33");
  auto session = demo().session({.seed = 9});
  const Tokens answer = session.generate_tokens(first, greedy(20));
  CHECK(answer == alone(demo(), first, greedy(20)));
  CHECK(session.last().usage.prompt_tokens == 33);
  CHECK(session.last().usage.cached_tokens == 0);
  CHECK(session.last().usage.completion_tokens == 20);
  CHECK(Tokens(session.tokens().begin(), session.tokens().end()) == joined(first, answer));

  // The whole conversation and more: all but the last token of the answer was computed. Draws at a high
  // temperature would show any difference of the logits.
  const Tokens second = joined(joined(first, answer), {5, 77, 300});
  const std::uint64_t routes = session.observer().routes;
  const Tokens next = session.generate_tokens(second, sampled(30));
  CHECK(next == alone(demo(), second, sampled(30), 9));
  CHECK(next != alone(demo(), second, sampled(30), 10));
  CHECK(session.last().usage.prompt_tokens == 56);
  CHECK(session.last().usage.cached_tokens == 52);
  const auto per_token = static_cast<std::uint64_t>(demo().shape().layers * demo().shape().top_k);
  CHECK(session.observer().routes - routes == per_token * (4 + 29));

  // The same prompt again: its last token is computed once more, for its logits.
  session.generate_tokens(second, greedy(1));
  CHECK(session.last().usage.cached_tokens == 55);
  // A prompt that is the beginning of the conversation.
  CHECK(session.generate_tokens(first, greedy(20)) == answer);
  CHECK(session.last().usage.cached_tokens == 32);
  // One that differs in the middle.
  Tokens other = first;
  other[20] ^= 1;
  CHECK(session.generate_tokens(other, greedy(20)) == alone(demo(), other, greedy(20)));
  CHECK(session.last().usage.cached_tokens == 20);
  // One that differs from the beginning.
  other[0] ^= 1;
  CHECK(session.generate_tokens(other, greedy(20)) == alone(demo(), other, greedy(20)));
  CHECK(session.last().usage.cached_tokens == 0);

  session.clear();
  CHECK(session.tokens().empty());
  CHECK(session.generate_tokens(other, greedy(20)) == alone(demo(), other, greedy(20)));
  CHECK(session.last().usage.cached_tokens == 0);
}

TEST_CASE("a sliding window reuses what is still seen") {
  const auto model = load<Exact>(golden_model("window"));  // sees 7 positions
  const Tokens prompt = test::Golden("expected/window.safetensors").values<TokenId>("prompt_64");
  auto session = model.session();
  const Tokens answer = session.generate_tokens(prompt, greedy(30));
  CHECK(answer == alone(model, prompt, greedy(30)));
  const Tokens shorter(prompt.begin(), prompt.begin() + 20);
  CHECK(session.generate_tokens(shorter, greedy(30)) == alone(model, shorter, greedy(30)));
  CHECK(session.last().usage.cached_tokens == 19);
}

TEST_CASE("a prompt that has nothing in common begins anew, without a call") {
  auto session = demo().session();
  Tokens prompt = golden().values<TokenId>("prompt_64");
  for (int turn = 0; turn < 6; ++turn) {  // four times as much as the context holds
    prompt[0] = 5 + turn;
    CHECK(session.generate_tokens(prompt, greedy(40)) == alone(demo(), prompt, greedy(40)));
    CHECK(session.last().usage.cached_tokens == 0);
    CHECK(session.tokens().size == 104);
  }
}

TEST_CASE("a function that hears of logits can't run the model, and is told so") {
  const Tokens prompt = golden().values<TokenId>("prompt_33");
  auto session = demo().session();
  auto other = demo().session();
  auto batch = demo().batch(1);
  batch.add_tokens(prompt, greedy(3));
  std::size_t visited = 0;
  session.visit_logits(prompt, [&](std::size_t, View<const float>) {
    if (++visited % 10 != 0) return;
    check_error<InvalidArgument>([&] { other.generate_tokens(prompt, greedy(3)); }, {"under way in this thread"});
    check_error<InvalidArgument>([&] { other.logits(prompt); }, {"under way in this thread"});
    check_error<InvalidArgument>([&] { batch.step(); }, {"under way in this thread"});
  });
  CHECK(visited == 33);
  // Nothing is lost, also where the function throws.
  CHECK_THROWS_AS(session.visit_logits(prompt, [](std::size_t, View<const float>) { throw Error("enough"); }),
                  Error);
  CHECK(other.generate_tokens(prompt, greedy(3)) == alone(demo(), prompt, greedy(3)));
  CHECK(batch.run().front().tokens == alone(demo(), prompt, greedy(3)));
  CHECK(session.generate_tokens(prompt, greedy(3)) == alone(demo(), prompt, greedy(3)));
}

TEST_CASE("equal seeds give equal answers, other seeds others, and draws go on in a session") {
  const Tokens prompt = golden().values<TokenId>("prompt_7");
  CHECK(alone(demo(), prompt, sampled(40), 1) == alone(demo(), prompt, sampled(40), 1));
  CHECK(alone(demo(), prompt, sampled(40), 1) != alone(demo(), prompt, sampled(40), 2));
  auto session = demo().session({.seed = 1});
  const Tokens first = session.generate_tokens(prompt, sampled(40));
  CHECK(session.generate_tokens(prompt, sampled(40)) != first);
}

TEST_CASE("two sessions in turns answer as each alone") {
  const Tokens a = golden().values<TokenId>("prompt_7");
  const Tokens b = golden().values<TokenId>("prompt_33");
  auto one = demo().session({.seed = 1});
  auto two = demo().session({.seed = 2});
  std::string text_one;
  std::string text_two;
  const std::string prompt_one = demo().tokenizer().decode(a);
  const std::string prompt_two = demo().tokenizer().decode(b);
  auto stream_one = one.generate(prompt_one, sampled(30));
  auto stream_two = two.generate(prompt_two, sampled(30));
  auto piece_one = stream_one.begin();
  auto piece_two = stream_two.begin();
  while (piece_one != stream_one.end() || piece_two != stream_two.end()) {
    if (piece_one != stream_one.end()) {
      text_one += *piece_one;
      ++piece_one;
    }
    if (piece_two != stream_two.end()) {
      text_two += *piece_two;
      ++piece_two;
    }
  }
  const auto text_alone = [](const std::string& prompt, std::uint64_t seed) {
    auto session = demo().session({.seed = seed});
    std::string text;
    for (const std::string_view piece : session.generate(prompt, sampled(30))) text += piece;
    return text;
  };
  CHECK(text_one == text_alone(prompt_one, 1));
  CHECK(text_two == text_alone(prompt_two, 2));
  CHECK(text_one != text_two);
}

TEST_CASE("sessions on several threads answer as each alone") {
  const auto model = load<Defaults>(golden_model("demo"));
  const Tokens prompt = golden().values<TokenId>("prompt_33");
  const auto answer = [&](std::uint64_t seed) {
    return model.session({.seed = seed}).generate_tokens(prompt, sampled(40));
  };
  std::vector<Tokens> expected;
  for (const std::uint64_t seed : {0, 1, 2}) expected.push_back(answer(seed));
  std::vector<Tokens> found(3);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 3; ++i) threads.emplace_back([&, i] { found[i] = answer(i); });
  }
  CHECK(found == expected);
}

TEST_CASE("answers end at the token limit, where the context is full, at end tokens, or when they are cancelled") {
  const Tokens prompt = golden().values<TokenId>("greedy_prompt");
  const Tokens expected = golden().values<TokenId>("greedy_tokens");
  auto session = demo().session();
  const auto same_beginning = [&](const Tokens& answer) {
    return std::equal(answer.begin(), answer.end(), expected.begin());
  };

  CHECK(session.last().finish_reason == FinishReason::none);
  CHECK(session.generate_tokens(prompt, greedy(1)).size() == 1);
  CHECK(session.last().finish_reason == FinishReason::max_tokens);

  LoadOptions options;
  options.limits = Exact::limits;
  options.limits->context = 24;
  const auto narrow = load<Exact>(golden_model("demo"), options);
  auto small = narrow.session();
  const Tokens until_full = small.generate_tokens(prompt, greedy(1000));
  CHECK(until_full.size() == 24 - 16 + 1);  // the last token needs no place
  CHECK(same_beginning(until_full));
  CHECK(small.last().finish_reason == FinishReason::context_full);
  CHECK(small.last().usage.completion_tokens == 9);
  const Tokens whole = golden().values<TokenId>("prompt_33");
  check_error<InvalidArgument>([&] { small.generate_tokens(whole, greedy(1)); }, {"33 tokens", "24", "context"});
  const Tokens fitting(whole.begin(), whole.begin() + 24);
  CHECK(small.generate_tokens(fitting, greedy(1000)) == alone(demo(), fitting, greedy(1)));
  CHECK(small.last().finish_reason == FinishReason::context_full);
  CHECK(small.generate_tokens(prompt, greedy(9)) == until_full);

  std::stop_source stop;
  GenerateOptions cancellable = greedy(1000);
  cancellable.cancel = stop.get_token();
  const std::uint64_t before = session.observer().routes;
  session.clear();
  stop.request_stop();
  CHECK(session.generate_tokens(prompt, cancellable).empty());
  CHECK(session.last().finish_reason == FinishReason::cancelled);
  CHECK(session.last().usage.prompt_tokens == 16);
  CHECK(session.last().usage.completion_tokens == 0);
  CHECK(session.observer().routes == before);  // nothing was computed
  CHECK(session.generate_tokens(prompt, greedy(64)) == expected);

  // In the middle of the answer: at the ninth token of the conversation behind the prompt.
  std::stop_source later;
  cancellable.cancel = later.get_token();
  Exact::Observer::on_route = [&](std::int32_t layer, std::int32_t position) {
    if (layer == 0 && position == 16 + 8) later.request_stop();
  };
  session.clear();
  const Tokens some = session.generate_tokens(prompt, cancellable);
  CHECK(some.size() == 9);  // the pass that was running ends after its layer and gives no token
  CHECK(same_beginning(some));
  CHECK(session.last().finish_reason == FinishReason::cancelled);
  CHECK(session.last().usage.completion_tokens == 9);
  // In the middle of a long prompt: the second chunk ends after its first layer.
  std::stop_source early;
  cancellable.cancel = early.get_token();
  Exact::Observer::on_route = [&](std::int32_t, std::int32_t position) {
    if (position == 17) early.request_stop();
  };
  session.clear();
  const std::uint64_t routes = session.observer().routes;
  CHECK(session.generate_tokens(golden().values<TokenId>("prompt_64"), cancellable).empty());
  Exact::Observer::on_route = nullptr;
  CHECK(session.last().finish_reason == FinishReason::cancelled);
  CHECK(session.observer().routes - routes == 16 * 3 * 2 + 16 * 2);
  // What was completed is reused.
  CHECK(session.generate_tokens(golden().values<TokenId>("prompt_64"), greedy(3)).size() == 3);
  CHECK(session.last().usage.cached_tokens == 16);

  const TemporaryFolder folder;
  test::copy_files(golden_model("demo"), folder.path());
  test::write_file(folder / "generation_config.json",
                   concat(R"({"eos_token_id": [2, )", expected[11], ", ", expected[20], "]}"));
  const auto ending = load<Exact>(folder.path());
  auto other = ending.session();
  const auto first =
      static_cast<std::size_t>(std::find_if(expected.begin(), expected.end(),
                                            [&](TokenId id) { return id == expected[11] || id == expected[20]; }) -
                               expected.begin());
  GenerateOptions ends;
  CHECK(other.generate_tokens(prompt, ends) ==
        Tokens(expected.begin(), expected.begin() + 1 + static_cast<std::ptrdiff_t>(first)));
  CHECK(other.last().finish_reason == FinishReason::eos);
  CHECK(other.last().usage.completion_tokens == static_cast<std::int32_t>(first) + 1);
  CHECK(other.generate_tokens(prompt, greedy(64)) == expected);
  CHECK(other.last().finish_reason == FinishReason::max_tokens);
}

TEST_CASE("bad prompts and options are refused, and leave the conversation as it was") {
  const Tokens prompt = golden().values<TokenId>("prompt_33");
  auto session = demo().session();
  const Tokens answer = session.generate_tokens(prompt, greedy(5));
  const Tokens conversation = joined(prompt, answer);
  const auto unharmed = [&] {
    CHECK(Tokens(session.tokens().begin(), session.tokens().end()) == conversation);
    CHECK(session.last().usage.completion_tokens == 5);
  };
  const auto refuse = [&](const Tokens& bad, std::initializer_list<std::string_view> parts) {
    check_error<InvalidArgument>([&] { session.generate_tokens(bad); }, parts);
    check_error<InvalidArgument>([&] { session.logits(bad); }, parts);
    check_error<InvalidArgument>([&] { session.log_probabilities(bad); }, parts);
    unharmed();
  };
  refuse({}, {"no tokens"});
  refuse(Tokens(161, 5), {"161 tokens", "160", "Limits::context"});
  for (const TokenId bad : {-1, 700, 1'000'000'000}) {
    for (const std::size_t place : {0, 15, 16, 32}) {  // in the first chunk, at its end, in the next, at the end
      Tokens tokens = prompt;
      tokens[place] = bad;
      refuse(tokens, {concat("token ", place), concat("id ", bad), "vocabulary of 700"});
    }
  }
  GenerateOptions options = greedy(5);
  options.top_p = 0;
  check_error<InvalidArgument>([&] { session.generate_tokens(prompt, options); }, {"top_p"});
  check_error<InvalidArgument>([&] { session.generate("text", options); }, {"top_p"});
  unharmed();
  CHECK(session.generate_tokens(joined(conversation, {7}), greedy(5)) ==
        alone(demo(), joined(conversation, {7}), greedy(5)));
  CHECK(session.last().usage.cached_tokens == 37);
}

TEST_CASE("a prompt that does not fit is cut where that is asked for, and counted") {
  Tokens prompt = {1};  // the beginning token, which the tokenizer sets before a text
  for (int i = 0; i < 4; ++i) prompt = joined(prompt, golden().values<TokenId>("prompt_64"));
  REQUIRE(prompt.size() == 257);
  GenerateOptions options = greedy(21);
  auto session = demo().session();
  check_error<InvalidArgument>([&] { session.generate_tokens(prompt, options); }, {"257 tokens", "160"});
  options.truncation = Truncation::keep_end;
  const Tokens end = joined({1}, Tokens(prompt.end() - 139, prompt.end()));
  CHECK(session.generate_tokens(prompt, options) == alone(demo(), end, greedy(21)));
  CHECK(session.last().finish_reason == FinishReason::max_tokens);
  CHECK(session.last().usage.prompt_tokens == 140);
  CHECK(session.last().usage.dropped_tokens == 117);
  options.truncation = Truncation::keep_both_ends;
  const Tokens ends = joined(Tokens(prompt.begin(), prompt.begin() + 70), Tokens(prompt.end() - 70, prompt.end()));
  CHECK(session.generate_tokens(prompt, options) == alone(demo(), ends, greedy(21)));
  CHECK(session.last().usage.dropped_tokens == 117);
  const Tokens fitting(prompt.begin(), prompt.begin() + 140);
  CHECK(session.generate_tokens(fitting, options) == alone(demo(), fitting, greedy(21)));
  CHECK(session.last().usage.dropped_tokens == 0);
}

TEST_CASE("a conversation that does not fit loses its oldest turns") {
  std::vector<text::Message> messages;
  for (int i = 0; i < 12; ++i) {
    messages.push_back({"user", concat("Who keeps lamp number ", i, " on the hill by the river?")});
    messages.push_back({"assistant", "The keeper of the hill does."});
  }
  messages.push_back({"user", "And who keeps the keeper?"});
  const View<const text::Message> all(messages);
  GenerateOptions options = greedy(20);
  auto session = demo().session();
  check_error<InvalidArgument>([&] { session.chat(all, options); }, {"tokens", "160"});
  options.truncation = Truncation::keep_end;
  std::string text;
  for (const std::string_view piece : session.chat(all, options)) text += piece;
  const Usage& usage = session.last().usage;
  CHECK(usage.dropped_turns > 0);
  CHECK(usage.dropped_turns < 12);
  const auto left = all.subview(2 * static_cast<std::size_t>(usage.dropped_turns),
                                25 - 2 * static_cast<std::size_t>(usage.dropped_turns));
  CHECK(usage.prompt_tokens == static_cast<std::int32_t>(demo().encode_chat(left).size()));
  CHECK(usage.prompt_tokens + usage.dropped_tokens == static_cast<std::int32_t>(demo().encode_chat(all).size()));
  CHECK(usage.prompt_tokens <= 141);
  auto other = demo().session();
  std::string expected;
  for (const std::string_view piece : other.chat(left, greedy(20))) expected += piece;
  CHECK(text == expected);
  auto batch = demo().batch(1);
  batch.add_chat(all, options);
  const BatchAnswer answer = batch.run().front();
  CHECK(answer.text == text);
  CHECK(answer.stats.usage.dropped_turns == usage.dropped_turns);
}

TEST_CASE("a session says when its context is nearly full") {
  const Tokens prompt = golden().values<TokenId>("prompt_64");
  GenerateOptions options = greedy(1000);
  std::vector<std::int32_t> heard;
  options.near_limit = [&](const ContextUse& use) { heard.push_back(use.tokens); };
  auto session = demo().session();
  session.generate_tokens(prompt, options);
  CHECK(heard == std::vector<std::int32_t>{128});
  CHECK(session.last().finish_reason == FinishReason::context_full);
  options.near_limit_share = 0;
  check_error<InvalidArgument>([&] { session.generate_tokens(prompt, options); }, {"near_limit_share"});
}

TEST_CASE("logits of every position, in order, whatever the chunks") {
  const Tokens prompt = golden().values<TokenId>("prompt_64");
  auto session = demo().session();
  const std::vector<float> all = session.logits(prompt);
  REQUIRE(all.size() == 64 * 700);
  const Tokens some(prompt.begin(), prompt.begin() + 21);
  const std::vector<float> beginning = session.logits(some);
  CHECK(beginning == std::vector<float>(all.begin(), all.begin() + 21 * 700));
  std::size_t next = 0;
  session.visit_logits(prompt, [&](std::size_t position, View<const float> row) {
    CHECK(position == next++);
    REQUIRE(row.size == 700);
    CHECK(std::equal(row.begin(), row.end(), all.begin() + static_cast<std::ptrdiff_t>(position * 700)));
  });
  CHECK(next == 64);
  // They are the conversation now.
  CHECK(session.generate_tokens(joined(prompt, {4, 5}), greedy(10)) ==
        alone(demo(), joined(prompt, {4, 5}), greedy(10)));
  CHECK(session.last().usage.cached_tokens == 64);
  // The conversation's own tokens, and a part of them.
  const Tokens said(session.tokens().begin(), session.tokens().end());
  CHECK(session.logits(session.tokens()) == demo().session().logits(said));
  CHECK(session.log_probabilities(session.tokens().subview(3, 40)) ==
        demo().session().log_probabilities(Tokens(said.begin() + 3, said.begin() + 43)));
}

TEST_CASE("the head times the hidden states are the logits, whatever the chunks") {
  const Tokens prompt = golden().values<TokenId>("prompt_64");
  auto session = demo().session();
  const std::vector<float> logits = session.logits(prompt);
  const std::vector<float> hidden = session.hidden(prompt);
  REQUIRE(hidden.size() == 64 * 128);
  const auto* head = reinterpret_cast<const float*>(demo().network().head().data);  // float32, row by row
  double worst = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    for (std::size_t j = 0; j < 700; ++j) {
      double sum = 0;
      for (std::size_t c = 0; c < 128; ++c) sum += double{head[j * 128 + c]} * double{hidden[i * 128 + c]};
      worst = std::max(worst, std::fabs(sum - double{logits[i * 700 + j]}));
    }
  }
  CHECK(worst < 1e-4);

  const Tokens some(prompt.begin(), prompt.begin() + 21);
  const std::vector<float> beginning = session.hidden(some);
  CHECK(beginning == std::vector<float>(hidden.begin(), hidden.begin() + 21 * 128));
  // From a place on, behind what the conversation holds; then it is the conversation.
  std::size_t next = 19;
  session.visit_hidden(
      prompt,
      [&](std::size_t position, View<const float> row) {
        CHECK(position == next++);
        CHECK(std::equal(row.begin(), row.end(), hidden.begin() + static_cast<std::ptrdiff_t>(position * 128)));
      },
      19);
  CHECK(next == 64);
  CHECK(session.generate_tokens(prompt, greedy(10)) == alone(demo(), prompt, greedy(10)));
  CHECK(session.last().usage.cached_tokens == 63);
}

TEST_CASE("the hidden states of a text are those of its tokens") {
  auto session = demo().session();
  const std::string text = "The router sends each token to two experts.";
  const Tokens tokens = demo().tokenizer().encode(text);
  CHECK(session.hidden(text) == demo().session().hidden(tokens));
  CHECK(Tokens(session.tokens().begin(), session.tokens().end()) == tokens);
  std::string endless;
  for (int i = 0; i < 200; ++i) endless += "lantern ";
  check_error<InvalidArgument>([&] { session.hidden(endless); }, {"the context"});
  check_error<InvalidArgument>([&] { session.hidden(Tokens{}); }, {"no tokens"});
}

TEST_CASE("log-probabilities are the log-softmax of the logits") {
  const Tokens prompt = golden().values<TokenId>("prompt_33");
  auto session = demo().session();
  const std::vector<float> found = session.log_probabilities(prompt);
  REQUIRE(found.size() == 32);
  const auto check = [&](const std::vector<float>& logits, double tolerance) {
    for (std::size_t i = 0; i + 1 < prompt.size(); ++i) {
      const float* row = logits.data() + i * 700;
      double sum = 0;
      for (std::size_t j = 0; j < 700; ++j) sum += std::exp(double{row[j]} - 20);
      const double expected = double{row[static_cast<std::size_t>(prompt[i + 1])]} - 20 - std::log(sum);
      CHECK(std::fabs(double{found[i]} - expected) < tolerance);
    }
  };
  check(session.logits(prompt), 2e-6);
  check(golden().values<float>("logits_33"), 3e-3);
  CHECK(session.log_probabilities(Tokens{5}).empty());
  double total = 0;  // over all continuations
  for (TokenId id = 0; id < 700; ++id) {
    total += std::exp(double{session.log_probabilities(Tokens{5, id})[0]});
  }
  CHECK(total == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("log-probabilities from a place on are those of the whole, and what the conversation holds is reused") {
  const Tokens prompt = golden().values<TokenId>("prompt_33");
  const std::vector<float> all = demo().session().log_probabilities(prompt);
  auto session = demo().session();
  for (const std::size_t first : {33U, 32U, 17U, 2U, 1U, 33U}) {
    CAPTURE(first);
    const std::vector<float> part = session.log_probabilities(prompt, first);
    CHECK(part == std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(first) - 1, all.end()));
  }
  // Another ending behind the same beginning.
  const Tokens other = joined(Tokens(prompt.begin(), prompt.begin() + 20), {9, 8, 7});
  const std::vector<float> expected = demo().session().log_probabilities(other);
  CHECK(session.log_probabilities(other, 20) == std::vector<float>(expected.begin() + 19, expected.end()));
  std::size_t visited = 0;
  session.visit_logits(
      other, [&](std::size_t position, View<const float>) { CHECK(position == 21 + visited++); }, 21);
  CHECK(visited == 2);
  check_error<InvalidArgument>([&] { session.log_probabilities(prompt, 0); }, {"first token"});
}

TEST_CASE("chat renders the checkpoint's template; one that can't be run is refused where it would be used") {
  const std::string path = std::string(ASTERISM_GOLDEN_DIR) + "/expected/demo.json";
  const json::Value expected = json::parse(file::read_file(path, 1U << 20U), path);
  auto session = demo().session();
  Tokens last;
  for (std::size_t i = 0; i < 2; ++i) {  // a question; the question, an answer and another question
    const json::Value& chat = expected["chats"][i];
    std::vector<text::Message> messages;
    for (const json::Value& one : chat["messages"]) messages.push_back({one["role"], one["content"]});
    const auto ids = chat["ids"].get<Tokens>();
    std::string text;
    for (const std::string_view piece : session.chat(messages, greedy(12))) text += piece;
    CHECK(session.last().usage.prompt_tokens == static_cast<std::int32_t>(ids.size()));
    CHECK(session.last().usage.completion_tokens == 12);
    CHECK(session.last().usage.cached_tokens == static_cast<std::int32_t>(last.size()));
    CHECK(Tokens(session.tokens().begin(), session.tokens().begin() + static_cast<std::ptrdiff_t>(ids.size())) ==
          ids);
    const Tokens answer = alone(demo(), ids, greedy(12));
    CHECK(text == test::streamed(demo().tokenizer(), answer));
    last = ids;
  }
  const std::vector<text::Message> wrong = {{"assistant", "I begin."}};
  check_error<InvalidArgument>([&] { session.chat(wrong); }, {"assistant"});
  check_error<InvalidArgument>([&] { session.chat(std::vector<text::Message>{}); }, {"user"});

  const TemporaryFolder folder;
  test::copy_files(golden_model("demo"), folder.path());
  const std::string other = "{% for m in messages %}{% include 'turn' %}{% endfor %}";
  test::write_file(folder / "tokenizer_config.json",
                   json::Value({{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"chat_template", other}}).dump());
  const auto model = load<Exact>(folder.path());
  auto own = model.session();
  const std::vector<text::Message> question = {{"user", "Hello?"}};
  check_error<Unsupported>([&] { own.chat(question); },
                           {"tokenizer_config.json", "chat template", "{% include %}"});
  std::string text;
  for (const std::string_view piece : own.generate("Hello?", greedy(5))) text += piece;
  CHECK(own.last().usage.completion_tokens == 5);
  CHECK(!text.empty());
}

TEST_CASE("weights that overflow are an error again and again, never a token") {
  EditedCheckpoint broken(golden_model("demo"));
  for (std::size_t i = 0; i < 128; ++i) broken.set("model.norm.weight", i, std::uint16_t{0x7F7F});  // 3.4e38
  const TemporaryFolder folder;
  broken.write(folder.path());
  test::copy_files(golden_model("demo"), folder.path(), {"tokenizer.json"});
  const auto model = load<Exact>(folder.path());
  auto session = model.session();
  CHECK_THROWS_AS(session.generate_tokens(Tokens{1, 5}), NumericError);
  auto stream = session.generate("Hello", greedy(5));
  CHECK_THROWS_AS(stream.begin(), NumericError);
  CHECK_THROWS_AS(stream.begin(), NumericError);
  CHECK(session.last().usage.completion_tokens == 0);
}
