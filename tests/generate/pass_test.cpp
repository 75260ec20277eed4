// One pass: no more tokens than there is room for, and a token for each sequence that is complete.
#include "asterism/generate/pass.hpp"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/load.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using generate::Request;
using test::Exact;

namespace {

using Tokens = std::vector<TokenId>;
using Sequence = generate::Sequence<Exact>;

const LanguageModel<Exact>& model_of_test() {
  static const auto out = load<Exact>(test::golden_model("plain"));
  return out;
}

/// A sequence with its request.
struct Asked {
  Sequence sequence{model_of_test()};
  Request request;

  Asked(std::uint64_t id, const Tokens& prompt)
      : request{.answer = {.id = id},
                .prompt = prompt,
                .options = std::make_unique<GenerateOptions>(),
                .random = Random(id),
                .added = Request::Clock::now()} {
    request.options->stop_at_eos = false;
    sequence.begin(prompt, prompt.size() - 1);
  }
  std::size_t answered() const { return request.answer.tokens.size(); }
};

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
  generate::Pass<Exact> pass(model_of_test());
  const auto run = [&] {
    pass.clear();
    CHECK(pass.size() == 0);
    for (Asked* one : {&first, &second, &third}) pass.add(one->sequence, one->request);
    const std::size_t size = pass.size();
    pass.run();
    return size;
  };
  CHECK(run() == 16);  // 10, 6 of 8, and no room for the third
  CHECK(first.answered() == 1);
  CHECK(second.answered() == 0);
  CHECK(second.sequence.pending() == 2);
  CHECK(third.sequence.pending() == 1);
  CHECK(run() == 4);
  CHECK(first.answered() == 2);
  CHECK(second.answered() == 1);
  CHECK(third.answered() == 1);
  for (int i = 0; i < 3; ++i) CHECK(run() == 3);
  CHECK(first.request.answer.tokens == alone(first.request.prompt, 5));
  CHECK(second.request.answer.tokens == alone(second.request.prompt, 4));
  CHECK(third.request.answer.tokens == alone(third.request.prompt, 4));
  CHECK(first.sequence.pending() == 1);
  CHECK(first.request.answer.outcome.prefill_seconds > 0);
  CHECK(first.request.answer.outcome.decode_seconds > 0);
}

TEST_CASE("as many complete sequences as there is room for") {
  std::vector<std::unique_ptr<Asked>> all;
  for (std::uint64_t i = 0; i < 16; ++i) {
    all.push_back(std::make_unique<Asked>(i, Tokens{static_cast<TokenId>(10 + i)}));
  }
  generate::Pass<Exact> pass(model_of_test());
  for (int i = 0; i < 4; ++i) {
    pass.clear();
    for (const auto& one : all) pass.add(one->sequence, one->request);
    CHECK(pass.size() == 16);
    pass.run();
  }
  for (const auto& one : all) CHECK(one->request.answer.tokens == alone(one->request.prompt, 4));
}
