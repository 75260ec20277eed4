// Batches: every answer is the one that a session alone gives, whoever shares the passes; and a thousand of them.
#include "asterism/generate/batch.hpp"

#include <algorithm>
#include <limits>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/json/json.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/report.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/batch_answers.hpp"
#include "generate/variants.hpp"
#include "support/golden.hpp"
#include "support/streamed.hpp"

using namespace asterism;
using test::alone;
using test::check_error;
using test::check_same;
using test::Exact;
using test::golden_model;
using test::greedy;
using test::sampled;
using test::TemporaryFolder;

namespace {

using Tokens = std::vector<TokenId>;
using Model = LanguageModel<Exact>;

Model demo_with(const Limits& limits) {
  LoadOptions options;
  options.limits = limits;
  options.machine = equal_devices(1, 64_MiB);
  return load<Exact>(golden_model("demo"), options);
}

const Model& demo() {
  static const Model model = demo_with(Exact::limits);
  return model;
}

const test::Golden& golden() {
  static const test::Golden values("expected/demo.safetensors");
  return values;
}

Tokens random_tokens(Random& random, std::size_t count, std::uint64_t vocabulary = 700) {
  Tokens out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<TokenId>(random.below(vocabulary)));
  return out;
}

const std::vector<std::string> prompts = {"The keeper of the lamp", "é 日本 🙂",
                                          "one two three four five six seven", "A", "ends with a new line\n"};

}  // namespace

TEST_CASE("answers in a batch are those of a session alone: tokens, text, reason and counts") {
  for (const std::size_t rows : {1, 3, 5, 8}) {
    CAPTURE(rows);
    auto batch = demo().batch(rows);
    CHECK(batch.rows() == rows);
    std::vector<test::Answer> expected;
    std::uint64_t seed = 0;
    for (const bool draws : {false, true}) {
      for (const std::string& prompt : prompts) {  // more requests than rows
        GenerateOptions options = draws ? sampled(20 + static_cast<std::int32_t>(seed)) : greedy(15);
        options.stop_at_eos = seed % 2 == 0;
        options.repetition_penalty = seed % 3 == 0 ? 1.2F : 1.0F;
        expected.push_back(alone(demo(), prompt, options, seed));
        CHECK(batch.add(prompt, options, {.seed = seed}) == expected.size());
        ++seed;
      }
    }
    CHECK(batch.requests() == expected.size());
    CHECK(batch.active() == 0);
    const std::vector<BatchAnswer> found = batch.run();
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CAPTURE(i);
      CHECK(found[i].id == i + 1);
      check_same(found[i], expected[i]);
      CHECK(!found[i].text.empty());
      CHECK(found[i].stats.seconds_to_first_token > 0);
      CHECK(found[i].stats.prefill_seconds > 0);
      CHECK(found[i].stats.decode_seconds > 0);
    }
    CHECK(batch.requests() == 0);
    CHECK(batch.step().empty());
  }
}

TEST_CASE("stop strings, end tokens and a full context end answers as they do alone") {
  const TemporaryFolder folder;
  test::copy_files(golden_model("demo"), folder.path());
  const Tokens said = alone(demo(), prompts[0], sampled(30), 3).tokens;
  test::write_file(folder / "generation_config.json", json::Value({{"eos_token_id", {said[8], said[20]}}}).dump());
  LoadOptions load_options;
  load_options.limits = Exact::limits;
  load_options.limits->context = 48;
  load_options.limits->prefill_chunk = 7;
  const auto model = load<Exact>(folder.path(), load_options);
  auto batch = model.batch(4);
  std::vector<test::Answer> expected;
  std::size_t reasons[6] = {};
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    GenerateOptions options = sampled(seed % 4 == 0 ? 1000 : 25);
    options.stop_at_eos = seed % 3 == 0;
    const std::string& prompt = prompts[seed % prompts.size()];
    if (seed % 4 == 1) {
      const std::string whole = alone(model, prompt, options, seed).text;
      std::size_t begin = whole.size() / 2;
      while (begin > 0 && (static_cast<unsigned char>(whole[begin]) & 0xC0U) == 0x80U) --begin;
      options.stop = {"never to be seen", whole.substr(begin, 3) + "@", whole.substr(begin)};
    }
    expected.push_back(alone(model, prompt, options, seed));
    ++reasons[static_cast<std::size_t>(expected.back().reason)];
    batch.add(prompt, options, {.seed = seed});
  }
  for (const FinishReason reason :
       {FinishReason::eos, FinishReason::stop_string, FinishReason::max_tokens, FinishReason::context_full}) {
    CAPTURE(reason);
    CHECK(reasons[static_cast<std::size_t>(reason)] > 0);
  }
  const std::vector<BatchAnswer> found = batch.run();
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    check_same(found[i], expected[i]);
  }
}

TEST_CASE("chats and token ids") {
  const std::vector<text::Message> question = {{"user", "Who keeps the lamp?"}};
  auto session = demo().session({.seed = 4});
  std::string text;
  for (const std::string_view piece : session.chat(question, sampled(20))) text += piece;
  const Tokens prompt = golden().values<TokenId>("prompt_33");
  auto batch = demo().batch(2);
  batch.add_chat(question, sampled(20), {.seed = 4});
  batch.add_tokens(prompt, sampled(20), {.seed = 5});
  const std::vector<BatchAnswer> found = batch.run();
  REQUIRE(found.size() == 2);
  CHECK(found[0].text == text);
  CHECK(found[0].stats.usage.prompt_tokens == session.last().usage.prompt_tokens);
  CHECK(found[1].tokens == demo().session({.seed = 5}).generate_tokens(prompt, sampled(20)));
  Tokens all = prompt;
  all.insert(all.end(), found[1].tokens.begin(), found[1].tokens.end());
  const auto decode = [](const Tokens& tokens) { return test::streamed(demo().tokenizer(), tokens); };
  CHECK(decode(prompt) + found[1].text == decode(all));
}

TEST_CASE("more rows than a pass takes: all take turns") {
  for (const std::int32_t chunk : {1, 2, 3, 5}) {
    CAPTURE(chunk);
    Limits limits = Exact::limits;
    limits.prefill_chunk = chunk;
    const Model model = demo_with(limits);
    auto batch = model.batch(7);
    for (std::uint64_t seed = 0; seed < 9; ++seed) {
      batch.add(prompts[seed % prompts.size()], sampled(12), {.seed = seed});
    }
    std::vector<BatchAnswer> found;
    std::size_t passes = 0;
    for (; batch.requests() > 0; ++passes) {
      for (BatchAnswer& answer : batch.step()) found.push_back(std::move(answer));
    }
    REQUIRE(found.size() == 9);
    std::size_t rows = 0;
    for (const BatchAnswer& answer : found) {
      check_same(answer, alone(model, prompts[(answer.id - 1) % prompts.size()], sampled(12), answer.id - 1));
      rows += static_cast<std::size_t>(answer.stats.usage.prompt_tokens - answer.stats.usage.cached_tokens) + 11;
    }
    CHECK(passes >= rows / static_cast<std::size_t>(chunk));
    CHECK(passes <= rows / static_cast<std::size_t>(chunk) + 12);  // full but at the end, where few are left
  }
}

TEST_CASE("a step takes a token of every answer under way and fills the rest with prompts") {
  auto batch = demo().batch(3);
  Random random(1);
  batch.add_tokens(random_tokens(random, 10), greedy(3));
  batch.add_tokens(random_tokens(random, 20), greedy(1));
  batch.add_tokens(random_tokens(random, 9), greedy(2));
  batch.add_tokens(random_tokens(random, 5), greedy(1));
  const auto ids = [](const std::vector<BatchAnswer>& answers) {
    std::vector<std::uint64_t> out;
    for (const BatchAnswer& answer : answers) out.push_back(answer.id);
    return out;
  };
  using Ids = std::vector<std::uint64_t>;
  CHECK(ids(batch.step()).empty());  // 10 and 6 of 20
  CHECK(batch.active() == 3);
  CHECK(batch.requests() == 4);
  CHECK(ids(batch.step()) == Ids{2});  // 1, the other 14, and 1 of 9
  CHECK(batch.active() == 2);
  CHECK(ids(batch.step()) == Ids{1, 4});  // 1, 8, and 5 of the next, which has the free row
  CHECK(ids(batch.run()) == Ids{3});
}

TEST_CASE("requests are cancelled while they wait and while they run, by call and by token") {
  std::stop_source waiting;
  std::stop_source running;
  GenerateOptions options = sampled(40);
  const std::string& prompt = prompts[0];
  auto batch = demo().batch(2);
  options.cancel = running.get_token();
  const auto by_token = batch.add(prompt, options, {.seed = 1});
  options.cancel = {};
  const auto by_call = batch.add(prompt, options, {.seed = 2});
  const auto stays = batch.add(prompt, options, {.seed = 3});
  options.cancel = waiting.get_token();
  const auto queued_token = batch.add(prompt, options, {.seed = 4});
  options.cancel = {};
  const auto queued_call = batch.add(prompt, options, {.seed = 5});
  for (int i = 0; i < 9; ++i) CHECK(batch.step().empty());
  running.request_stop();
  waiting.request_stop();
  CHECK(batch.cancel(by_call));
  CHECK(batch.cancel(queued_call));
  CHECK_FALSE(batch.cancel(by_call));
  CHECK_FALSE(batch.cancel(99));
  const std::vector<BatchAnswer> ended = batch.step();
  REQUIRE(ended.size() == 4);
  for (const BatchAnswer& answer : ended) {
    CHECK(answer.stats.finish_reason == FinishReason::cancelled);
    const bool queued = answer.id == queued_token || answer.id == queued_call;
    CHECK((queued || answer.id == by_token || answer.id == by_call));
    CHECK(answer.tokens.empty() == queued);
    CHECK(answer.text.empty() == queued);
    CHECK(answer.stats.usage.completion_tokens == static_cast<std::int32_t>(answer.tokens.size()));
    if (queued) continue;
    const auto until = alone(demo(), prompt, sampled(answer.stats.usage.completion_tokens), answer.id);
    CHECK(answer.tokens == until.tokens);
    CHECK(answer.text == until.text);
  }
  CHECK_FALSE(batch.cancel(by_call));
  CHECK(batch.requests() == 1);
  const std::vector<BatchAnswer> rest = batch.run();
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].id == stays);
  check_same(rest[0], alone(demo(), prompt, sampled(40), 3));
}

TEST_CASE("a row whose tokens begin as a prompt does keeps what it has computed") {
  Random random(2);
  const Tokens first = random_tokens(random, 30);
  const Tokens second = random_tokens(random, 30);
  auto batch = demo().batch(2);
  batch.add_tokens(first, greedy(5));
  batch.add_tokens(second, greedy(5));
  auto answers = batch.run();
  const auto next = [](const Tokens& prompt, const BatchAnswer& answer) {
    Tokens out = prompt;
    out.insert(out.end(), answer.tokens.begin(), answer.tokens.end());
    out.push_back(9);
    return out;
  };
  const Tokens more_first = next(first, answers[0]);
  const Tokens more_second = next(second, answers[1]);
  batch.add_tokens(more_second, sampled(20), {.seed = 1});  // the other way round: each finds its own
  batch.add_tokens(more_first, sampled(20), {.seed = 2});
  batch.add_tokens(Tokens(first.begin(), first.begin() + 12), sampled(20), {.seed = 3});
  answers = batch.run();
  CHECK(answers[0].stats.usage.cached_tokens == 34);  // all but the last token of the answer
  CHECK(answers[1].stats.usage.cached_tokens == 34);
  CHECK(answers[2].stats.usage.cached_tokens == 11);
  const Tokens again[] = {more_second, more_first, Tokens(first.begin(), first.begin() + 12)};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(answers[i].tokens == demo().session({.seed = i + 1}).generate_tokens(again[i], sampled(20)));
  }
}

TEST_CASE("a request whose logits are no numbers is named; the others lose nothing") {
  const Model model = demo_with(Exact::limits);
  constexpr TokenId poison = 123;
  std::fill_n(reinterpret_cast<float*>(model.network().embedding().data) + std::size_t{poison} * 128, 128,
              std::numeric_limits<float>::quiet_NaN());
  const Tokens good = {1, 5, 6, 7};
  const auto expected = [&](std::int32_t count, std::uint64_t seed) {
    return model.session({.seed = seed}).generate_tokens(good, sampled(count));
  };
  auto batch = model.batch(4);
  const auto ends_in_that_pass = batch.add_tokens(good, sampled(1), {.seed = 1});
  const auto waits = batch.add_tokens(good, sampled(4), {.seed = 2});
  const auto bad = batch.add_tokens(Tokens{1, poison, 7}, greedy(5));
  const auto behind_it = batch.add_tokens(good, sampled(2), {.seed = 3});
  const auto cancelled = batch.add_tokens(good, sampled(6), {.seed = 4});
  batch.cancel(cancelled);
  for (int i = 0; i < 3; ++i) {
    check_error<NumericError>([&] { batch.step(); }, {concat("request ", bad), "NaN", "cancel"});
  }
  check_error<NumericError>([&] { batch.run(); }, {concat("request ", bad)});
  CHECK(batch.cancel(bad));
  const std::vector<BatchAnswer> found = batch.run();
  REQUIRE(found.size() == 5);
  CHECK(found[0].id == ends_in_that_pass);
  CHECK(found[0].tokens == expected(1, 1));
  CHECK(found[0].stats.finish_reason == FinishReason::max_tokens);
  CHECK(found[1].id == waits);
  CHECK(found[1].tokens == expected(4, 2));
  CHECK(found[2].id == bad);
  CHECK(found[2].tokens.empty());
  CHECK(found[2].stats.finish_reason == FinishReason::cancelled);
  CHECK(found[3].id == behind_it);
  CHECK(found[3].tokens == expected(2, 3));
  CHECK(found[4].stats.finish_reason == FinishReason::cancelled);
}

TEST_CASE("rows that do not fit are refused; as many as the plan counts fit exactly") {
  LoadOptions options;
  const LoadPlan prepared = plan_load<Exact>(golden_model("demo"), options);
  const placement::MemoryFootprint parts = model::memory_footprint<Exact>(prepared.config.shape, prepared.limits);
  options.machine = placement::smallest_equal_budgets<Exact::Placement>(parts, 2, 0.0);
  const auto model = load<Exact>(golden_model("demo"), options);
  const auto used = [&] { return model.devices()[0]->arena().used() + model.devices()[1]->arena().used(); };
  const Bytes before = used();
  check_error<BudgetExceeded>([&] { model.batch(3); }, {"KV cache"});
  CHECK(used() == before);
  check_error<InvalidArgument>([&] { model.batch(0); }, {"at least one row"});
  const auto batch = model.batch();
  CHECK(batch.rows() == 2);  // limits.batch
  for (std::size_t d = 0; d < 2; ++d) CHECK(model.devices()[d]->arena().used() == model.plan().peak(d));
}

TEST_CASE("bad prompts and options are refused when they are added") {
  auto batch = demo().batch(1);
  check_error<InvalidArgument>([&] { batch.add_tokens(Tokens{}); }, {"no tokens"});
  check_error<InvalidArgument>([&] { batch.add_tokens(Tokens(161, 5)); }, {"161 tokens", "Limits::context"});
  check_error<InvalidArgument>([&] { batch.add_tokens(Tokens{5, 700}); }, {"token 1", "vocabulary of 700"});
  GenerateOptions options;
  options.top_p = 0;
  check_error<InvalidArgument>([&] { batch.add("text", options); }, {"top_p"});
  check_error<InvalidArgument>([&] { batch.add_chat(std::vector<text::Message>{}); }, {"user"});
  CHECK(batch.requests() == 0);
  CHECK(batch.run().empty());
  const auto plain = load<Exact>(golden_model("plain"));
  auto silent = plain.batch(1);
  check_error<FileError>([&] { silent.add("text"); }, {"tokenizer.json"});
  silent.add_tokens(Tokens{5}, greedy(3));
  const auto answers = silent.run();
  CHECK(answers.at(0).tokens == plain.session().generate_tokens(Tokens{5}, greedy(3)));
  CHECK(answers.at(0).text.empty());
}

TEST_CASE("each row's observer hears what its requests do") {
  auto batch = demo().batch(3);
  Random random(3);
  const Tokens requests[] = {random_tokens(random, 4), random_tokens(random, 20), random_tokens(random, 1)};
  for (const Tokens& prompt : requests) batch.add_tokens(prompt, greedy(9));
  batch.run();
  for (std::size_t row = 0; row < 3; ++row) {
    auto session = demo().session();
    session.generate_tokens(requests[row], greedy(9));
    CHECK(batch.observer(row).routes == session.observer().routes);
  }
}

TEST_CASE("batches and sessions in several threads take turns") {
  std::vector<BatchAnswer> found[2];
  Tokens answer;
  const Tokens prompt = golden().values<TokenId>("prompt_33");
  const auto run = [&](std::size_t thread) {
    auto batch = demo().batch(2);
    for (std::uint64_t seed = 0; seed < 4; ++seed) batch.add(prompts[seed], sampled(20), {.seed = seed + thread});
    found[thread] = batch.run();
  };
  {
    std::jthread one([&] { run(0); });
    std::jthread two([&] { run(1); });
    answer = demo().session({.seed = 7}).generate_tokens(prompt, sampled(40));
  }
  CHECK(answer == demo().session({.seed = 7}).generate_tokens(prompt, sampled(40)));
  for (std::size_t thread = 0; thread < 2; ++thread) {
    for (std::uint64_t i = 0; i < 4; ++i) {
      check_same(found[thread].at(i), alone(demo(), prompts[i], sampled(20), i + thread));
    }
  }
}

TEST_CASE("a thousand requests of mixed length, cancelled at random: not one byte more in any arena") {
  struct Asked {
    Tokens prompt;
    GenerateOptions options;
    std::stop_source stop;
    Tokens alone;
    FinishReason reason;
  };
  LoadOptions options;
  options.machine = equal_devices(2, 4_MiB);
  const auto reference = load<Exact>(golden_model("plain"));
  const auto model = load<Exact>(golden_model("plain"), options);
  Random random(4);
  std::vector<Asked> asked(1000);
  const Tokens beginning = random_tokens(random, 20, 160);  // of many prompts
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Asked& one = asked[i];
    one.prompt = random.below(2) == 0 ? Tokens{} : Tokens(beginning.begin(), beginning.begin() + random.below(20));
    const Tokens own = random_tokens(random, 1 + random.below(30), 160);
    one.prompt.insert(one.prompt.end(), own.begin(), own.end());
    one.options = random.below(2) == 0 ? greedy(1) : sampled(1);
    one.options.max_tokens = 1 + static_cast<std::int32_t>(random.below(24));
    one.options.stop_at_eos = random.below(2) == 0;
    auto session = reference.session({.seed = i});
    one.alone = session.generate_tokens(one.prompt, one.options);
    one.reason = session.last().finish_reason;
    one.options.cancel = one.stop.get_token();
  }

  auto batch = model.batch(6);
  std::vector<Bytes> used;
  std::vector<std::uint64_t> served;
  for (const auto& device : model.devices()) {
    used.push_back(device->arena().used());
    served.push_back(device->arena().allocations());
  }
  std::size_t added = 0;
  std::size_t cancelled = 0;
  std::size_t reused = 0;
  std::vector<bool> seen(asked.size(), false);
  while (added < asked.size() || batch.requests() > 0) {
    for (std::uint64_t some = random.below(4); some > 0 && added < asked.size(); --some, ++added) {
      CHECK(batch.add_tokens(asked[added].prompt, asked[added].options, {.seed = added}) == added + 1);
    }
    if (added > 0 && random.below(10) == 0) {
      const std::size_t which = added - 1 - random.below(std::min<std::uint64_t>(added, 12));
      if (random.below(2) == 0) {
        batch.cancel(which + 1);
      } else {
        asked[which].stop.request_stop();
      }
    }
    for (const BatchAnswer& answer : batch.step()) {
      const Asked& one = asked[answer.id - 1];
      CHECK_FALSE(seen[answer.id - 1]);
      seen[answer.id - 1] = true;
      CAPTURE(answer.id);
      reused += static_cast<std::size_t>(answer.stats.usage.cached_tokens);
      if (answer.stats.finish_reason == FinishReason::cancelled) {
        ++cancelled;
        REQUIRE(answer.tokens.size() < one.alone.size());
        CHECK(std::equal(answer.tokens.begin(), answer.tokens.end(), one.alone.begin()));
      } else {
        CHECK(answer.tokens == one.alone);
        CHECK(answer.stats.finish_reason == one.reason);
      }
    }
  }
  CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
  CHECK(cancelled > 30);
  CHECK(cancelled < 500);
  CHECK(reused > 1000);
  for (std::size_t d = 0; d < model.devices().size(); ++d) {
    CHECK(model.devices()[d]->arena().used() == used[d]);
    CHECK(model.devices()[d]->arena().high_water() == used[d]);
    CHECK(model.devices()[d]->arena().allocations() == served[d]);
  }
}
