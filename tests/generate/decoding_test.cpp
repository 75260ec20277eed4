// One step: no more tokens than there is room for, and a token for each sequence that is complete.
#include "asterism/generate/decoding/decoding.hpp"

#include <memory>
#include <stop_token>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/generate/load.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using test::Exact;

namespace {

using Tokens = std::vector<TokenId>;
using Sequence = engine::Sequence<Exact>;

const LanguageModel<Exact>& model_of_test() {
  static const auto out = load<Exact>(test::golden_model("plain"));
  return out;
}

/// A sequence with its answer.
struct Asked {
  Sequence sequence{model_of_test().engine()};
  generate::Answer answer;
  Tokens prompt;
  Tokens tokens;

  Asked(std::uint64_t seed, const Tokens& asked) : prompt(asked) {
    GenerateOptions options;
    options.stop_at_eos = false;
    answer.begin(options, Random(seed), {.tokens = prompt});
    sequence.begin(prompt, prompt.size() - 1);
  }
  std::size_t answered() const { return tokens.size(); }
};

/// One step over `all`, in their order; returns its tokens.
std::size_t run(generate::Decoding<Exact>& decoding, const std::vector<Asked*>& all) {
  decoding.clear();
  CHECK(decoding.size() == 0);
  for (Asked* one : all) decoding.add(one->sequence, one->answer);
  const std::size_t size = decoding.size();
  CHECK(decoding.run([&](std::size_t i, TokenId token, std::string_view) { all[i]->tokens.push_back(token); },
                     [](std::size_t, const NumericError&) {}));
  return size;
}

Tokens alone(const Tokens& prompt, std::int32_t count) {
  GenerateOptions options;
  options.max_tokens = count;
  options.stop_at_eos = false;
  return model_of_test().session().generate_tokens(prompt, options);
}

}  // namespace

TEST_CASE("sequences get what room there is, in the order in which they are added") {
  Asked first(1, Tokens(10, 5));
  Asked second(2, {7, 8, 9, 10, 11, 12, 13, 14});
  Asked third(3, {4});
  generate::Decoding<Exact> decoding(model_of_test());
  const std::vector<Asked*> all = {&first, &second, &third};
  CHECK(run(decoding, all) == 16);  // 10, 6 of 8, and no room for the third
  CHECK(first.answered() == 1);
  CHECK(second.answered() == 0);
  CHECK(second.sequence.pending() == 2);
  CHECK(third.sequence.pending() == 1);
  CHECK(run(decoding, all) == 4);
  CHECK(first.answered() == 2);
  CHECK(second.answered() == 1);
  CHECK(third.answered() == 1);
  for (int i = 0; i < 3; ++i) CHECK(run(decoding, all) == 3);
  CHECK(first.tokens == alone(first.prompt, 5));
  CHECK(second.tokens == alone(second.prompt, 4));
  CHECK(third.tokens == alone(third.prompt, 4));
  CHECK(first.sequence.pending() == 1);
  CHECK(first.answer.stats().prefill_seconds > 0);
  CHECK(first.answer.stats().decode_seconds > 0);
}

TEST_CASE("as many complete sequences as there is room for") {
  std::vector<std::unique_ptr<Asked>> owned;
  std::vector<Asked*> all;
  for (std::uint64_t i = 0; i < 16; ++i) {
    owned.push_back(std::make_unique<Asked>(i, Tokens{static_cast<TokenId>(10 + i)}));
    all.push_back(owned.back().get());
  }
  generate::Decoding<Exact> decoding(model_of_test());
  for (int i = 0; i < 4; ++i) CHECK(run(decoding, all) == 16);
  for (const Asked* one : all) CHECK(one->tokens == alone(one->prompt, 4));
}

TEST_CASE("a step that was asked to stop changes nothing, and can be run again") {
  Asked one(1, {5, 6, 7});
  generate::Decoding<Exact> decoding(model_of_test());
  std::stop_source stop;
  stop.request_stop();
  decoding.clear();
  decoding.add(one.sequence, one.answer);
  const auto never = [](std::size_t, TokenId, std::string_view) { FAIL("a token"); };
  CHECK_FALSE(decoding.run(
      never, [](std::size_t, const NumericError&) {}, stop.get_token()));
  CHECK(one.sequence.pending() == 3);
  for (int i = 0; i < 2; ++i) run(decoding, {&one});
  CHECK(one.tokens == alone(one.prompt, 2));
}
