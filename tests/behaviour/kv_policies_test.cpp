// Whole models on other key/value caches: batches answer as sessions alone, and caches that forget as they would had
// everything been computed anew.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <stop_token>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/attention/pruned_kv_cache.hpp"
#include "asterism/attention/sliding_window_kv_cache.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/quant/float16.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/batch_answers.hpp"
#include "generate/variants.hpp"
#include "support/golden.hpp"

using namespace asterism;
using test::alone;
using test::check_same;
using test::golden_model;
using test::greedy;
using test::sampled;

namespace {

using Tokens = std::vector<TokenId>;

struct Half : test::Exact {
  using KvCache = attention::StaticKvCache<quant::Float16>;
};
struct Bytes8 : test::Exact {
  using KvCache = attention::StaticKvCache<quant::Int8<32>>;
};
/// Forgets what lies between the first 4 positions and the last 24.
struct Sliding : test::Exact {
  using KvCache = attention::SlidingWindowKvCache<quant::Float16, 24, 4>;
};

/// Full at 32, 40, 48, ...: drops 8 positions then.
struct Pruned : test::Exact {
  using KvCache = attention::PrunedKvCache<quant::Float16, 32, 8, 4>;
};

template <class B>
LanguageModel<B> demo_with(std::int32_t chunk, std::int32_t context = 160) {
  LoadOptions options;
  options.limits = B::limits;
  options.limits->prefill_chunk = chunk;
  options.limits->context = context;
  options.machine = equal_devices(2, 16_MiB);
  return load<B>(golden_model("demo"), options);
}

const LanguageModel<Sliding>& sliding() {
  static const auto model = demo_with<Sliding>(16);
  return model;
}

const LanguageModel<Pruned>& pruned() {
  static const auto model = demo_with<Pruned>(16);
  return model;
}

Tokens prompt_of(const std::string& name) {
  return test::Golden("expected/demo.safetensors").values<TokenId>(name);
}

Tokens first_of(const Tokens& tokens, std::size_t count) {
  return {tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace

TEST_CASE_TEMPLATE("answers in a batch are those of a session alone", B, Half, Bytes8, Sliding, Pruned) {
  const auto model = demo_with<B>(16);
  const Tokens prompts[] = {prompt_of("prompt_64"), prompt_of("prompt_7"), prompt_of("prompt_33"),
                            first_of(prompt_of("prompt_64"), 50)};
  auto batch = model.batch(3);
  const auto check = [&] {
    const std::vector<BatchAnswer> found = batch.run();
    REQUIRE(found.size() == 8);
    std::size_t reused = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      CAPTURE(i);
      auto session = model.session({.seed = i});
      CHECK(found[i].tokens == session.generate_tokens(prompts[i % 4], i % 2 == 0 ? sampled(50) : greedy(50)));
      reused += static_cast<std::size_t>(found[i].stats.usage.cached_tokens);
    }
    return reused;
  };
  const auto add = [&] {
    for (std::size_t i = 0; i < 8; ++i) {
      batch.add_tokens(prompts[i % 4], i % 2 == 0 ? sampled(50) : greedy(50), {.seed = i});
    }
  };
  add();
  check();
  add();
  const std::size_t reused = check();
  if (!std::is_same_v<B, Sliding> && !std::is_same_v<B, Pruned>) CHECK(reused > 0);
  for (const auto& device : model.devices()) CHECK(device->arena().used() > 0_B);
  for (std::uint64_t seed = 0; seed < 4; ++seed) batch.add("The keeper of the lamp", sampled(40), {.seed = seed});
  const std::vector<BatchAnswer> texts = batch.run();
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    check_same(texts.at(seed), alone(model, "The keeper of the lamp", sampled(40), seed));
  }
}

TEST_CASE("a request whose keys or values overflow the cache is named; the others lose nothing") {
  const auto model = demo_with<Half>(16);
  constexpr TokenId poison = 123;
  std::fill_n(reinterpret_cast<float*>(model.network().embedding().data) + std::size_t{poison} * 128, 128,
              std::numeric_limits<float>::quiet_NaN());
  auto batch = model.batch(3);
  const Tokens good = {1, 5, 6, 7};
  batch.add_tokens(good, sampled(9), {.seed = 1});
  const auto bad = batch.add_tokens(Tokens{1, 5, poison}, greedy(5));
  batch.add_tokens(good, sampled(9), {.seed = 2});
  for (int i = 0; i < 3; ++i) {
    test::check_error<NumericError>([&] { batch.run(); }, {concat("request ", bad), "Float16", "cancel"});
  }
  batch.cancel(bad);
  const std::vector<BatchAnswer> found = batch.run();
  REQUIRE(found.size() == 3);
  CHECK(found[0].tokens == model.session({.seed = 1}).generate_tokens(good, sampled(9)));
  CHECK(found[1].stats.finish_reason == FinishReason::cancelled);
  CHECK(found[2].tokens == model.session({.seed = 2}).generate_tokens(good, sampled(9)));
}

TEST_CASE("a session longer than its window gives the same tokens in any chunks") {
  const Tokens prompt = prompt_of("prompt_64");
  const Tokens expected = sliding().session({.seed = 1}).generate_tokens(prompt, sampled(90));
  REQUIRE(expected.size() == 90);
  const std::vector<float> logits = sliding().session().logits(prompt);
  for (const std::int32_t chunk : {1, 3, 7, 15}) {
    CAPTURE(chunk);
    const auto model = demo_with<Sliding>(chunk);
    CHECK(model.session({.seed = 1}).generate_tokens(prompt, sampled(90)) == expected);
    CHECK(model.session().logits(prompt) == logits);
  }
}

TEST_CASE("within its window it is a bounded cache, to the bit; beyond it is not") {
  const auto half = demo_with<Half>(16);
  const Tokens prompt = prompt_of("prompt_64");
  const std::vector<float> bounded = half.session().logits(prompt);
  const std::vector<float> found = sliding().session().logits(prompt);
  const auto vocabulary = static_cast<std::size_t>(half.shape().vocabulary);
  const std::size_t both = std::size_t{24} * vocabulary;  // then the sinks are summed up apart
  CHECK(std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(both), bounded.begin()));
  for (std::size_t p = 28; p < 64; ++p) {
    const auto row = static_cast<std::ptrdiff_t>(p * vocabulary);
    const auto end = row + static_cast<std::ptrdiff_t>(vocabulary);
    CHECK_FALSE(std::equal(found.begin() + row, found.begin() + end, bounded.begin() + row));
  }
}

TEST_CASE("memory does not grow with the context") {
  const auto longer = demo_with<Sliding>(16, 160);
  const auto shorter = demo_with<Sliding>(16, 100);
  const auto one = longer.session();
  const auto two = shorter.session();
  for (std::size_t d = 0; d < 2; ++d) {
    CHECK(longer.devices()[d]->arena().used() == shorter.devices()[d]->arena().used());
    CHECK(longer.plan().peak(d) == shorter.plan().peak(d));
  }
}

TEST_CASE("a prefix is reused while all that it sees is there, and computed anew when not") {
  const Tokens prompt = prompt_of("prompt_64");
  auto session = sliding().session();
  const auto check = [&](const Tokens& next, std::int32_t count, std::int32_t reused, std::int32_t again = 0) {
    CHECK(session.generate_tokens(next, greedy(count)) ==
          sliding().session().generate_tokens(next, greedy(count)));
    CHECK(session.last().usage.cached_tokens == reused);
    CHECK(session.last().usage.recomputed_tokens == again);
  };
  check(prompt, 20, 0);
  Tokens longer(session.tokens().begin(), session.tokens().end());
  longer.push_back(9);
  check(longer, 20, 83);                   // goes on: all but the last token of the answer was computed
  check(first_of(longer, 60), 20, 0, 59);  // what position 59 sees was replaced
  check(first_of(longer, 60), 10, 0, 59);  // and replaced again by the answer behind it
  check(prompt, 10, 60);                   // one chunk back all is there
  check(prompt, 10, 63);
  check(first_of(prompt, 40), 1, 0, 39);
  check(first_of(prompt, 3), 20, 2);  // sees the sinks alone
  check(first_of(prompt, 10), 20, 3);
  check(first_of(prompt, 10), 20, 9);
}

TEST_CASE("a pass that was broken off leaves a sliding window as it was") {
  const Tokens prompt = prompt_of("prompt_64");
  for (const std::int32_t position : {20, 40, 63}) {
    CAPTURE(position);
    auto session = sliding().session();
    std::stop_source stop;
    GenerateOptions options = greedy(20);
    options.cancel = stop.get_token();
    test::Watch::on_route = [&](std::int32_t, std::int32_t at) {
      if (at == position) stop.request_stop();
    };
    CHECK(session.generate_tokens(prompt, options).empty());
    test::Watch::on_route = nullptr;
    for (const std::size_t length : {64, 50, 64}) {
      const Tokens next = first_of(prompt, length);
      CHECK(session.generate_tokens(next, greedy(20)) == sliding().session().generate_tokens(next, greedy(20)));
    }
  }
}

TEST_CASE("log-probabilities of several endings behind one beginning") {
  const Tokens prompt = prompt_of("prompt_64");
  auto session = sliding().session();
  for (const TokenId ending : {5, 77, 300}) {
    Tokens tokens = prompt;
    tokens.push_back(ending);
    tokens.push_back(8);
    const std::vector<float> all = sliding().session().log_probabilities(tokens);
    CHECK(session.log_probabilities(tokens, 64) == std::vector<float>(all.begin() + 63, all.end()));
  }
}

TEST_CASE("a session longer than its pruned cache gives the same tokens in any chunks") {
  const Tokens prompt = prompt_of("prompt_64");
  const Tokens expected = pruned().session({.seed = 1}).generate_tokens(prompt, sampled(90));
  REQUIRE(expected.size() == 90);
  const std::vector<float> logits = pruned().session().logits(prompt);
  for (const std::int32_t chunk : {1, 3, 7, 15}) {
    CAPTURE(chunk);
    const auto model = demo_with<Pruned>(chunk);
    CHECK(model.session({.seed = 1}).generate_tokens(prompt, sampled(90)) == expected);
    CHECK(model.session().logits(prompt) == logits);
  }
}

TEST_CASE("until it is full a pruned cache is a bounded one, to the bit; then it is not, nor a sliding window") {
  const auto half = demo_with<Half>(16);
  const Tokens prompt = prompt_of("prompt_64");
  const std::vector<float> bounded = half.session().logits(prompt);
  const std::vector<float> window = sliding().session().logits(prompt);
  const std::vector<float> found = pruned().session().logits(prompt);
  const auto vocabulary = static_cast<std::ptrdiff_t>(half.shape().vocabulary);
  CHECK(std::equal(found.begin(), found.begin() + 32 * vocabulary, bounded.begin()));
  for (std::ptrdiff_t row = 32 * vocabulary; row < 64 * vocabulary; row += vocabulary) {
    CHECK_FALSE(std::equal(found.begin() + row, found.begin() + row + vocabulary, bounded.begin() + row));
    CHECK_FALSE(std::equal(found.begin() + row, found.begin() + row + vocabulary, window.begin() + row));
  }
}

TEST_CASE("a pruned cache goes back to where it was last full, and begins anew before") {
  const Tokens prompt = prompt_of("prompt_64");
  auto session = pruned().session();
  const auto check = [&](const Tokens& next, std::int32_t count, std::int32_t reused, std::int32_t again = 0) {
    CHECK(session.generate_tokens(next, greedy(count)) == pruned().session().generate_tokens(next, greedy(count)));
    CHECK(session.last().usage.cached_tokens == reused);
    CHECK(session.last().usage.recomputed_tokens == again);
  };
  check(first_of(prompt, 20), 5, 0);  // computes 24: no attention counts yet
  check(first_of(prompt, 20), 5, 19);
  check(first_of(prompt, 10), 20, 9);  // computes 29
  check(first_of(prompt, 10), 20, 9);
  check(first_of(prompt, 62), 2, 10);  // computes 63; last full at 56
  check(first_of(prompt, 60), 2, 56, 3);
  Tokens longer(session.tokens().begin(), session.tokens().end());
  longer.push_back(9);
  check(longer, 1, 61);                   // goes on
  check(first_of(longer, 62), 4, 61);     // one token back: the last pass; computes 65, full at 64
  check(first_of(prompt, 60), 1, 0, 59);  // something was dropped since
}

TEST_CASE("a pass that was broken off leaves a pruned cache as it was") {
  const Tokens prompt = prompt_of("prompt_64");
  for (const std::int32_t position : {20, 31, 32, 45, 63}) {
    CAPTURE(position);
    auto session = pruned().session();
    std::stop_source stop;
    GenerateOptions options = greedy(20);
    options.cancel = stop.get_token();
    test::Watch::on_route = [&](std::int32_t, std::int32_t at) {
      if (at == position) stop.request_stop();
    };
    CHECK(session.generate_tokens(prompt, options).empty());
    test::Watch::on_route = nullptr;
    for (const std::size_t length : {64, 50, 64}) {
      const Tokens next = first_of(prompt, length);
      CHECK(session.generate_tokens(next, greedy(20)) == pruned().session().generate_tokens(next, greedy(20)));
    }
  }
}

TEST_CASE("the memory of a pruned cache is what the plan says, and does not grow with the context") {
  const auto longer = demo_with<Pruned>(16, 160);
  const auto shorter = demo_with<Pruned>(16, 100);
  for (std::size_t d = 0; d < 2; ++d) {
    const Bytes before = longer.devices()[d]->arena().used();
    const auto one = longer.session();
    const auto sequences = static_cast<std::uint64_t>(longer.limits().batch);
    CHECK((longer.devices()[d]->arena().used() - before) * sequences == longer.plan().cache_bytes(d));
    CHECK(longer.plan().peak(d) == shorter.plan().peak(d));
  }
}
