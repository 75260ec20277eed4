// Requests of one batch with adapters of their own: answers as alone, few slots, files that change.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/generate/adapters.hpp"
#include "asterism/generate/batch.hpp"
#include "asterism/generate/load.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/files.hpp"

using namespace asterism;
using test::contains;
using test::golden_model;
using test::TemporaryFolder;

namespace {

using Tokens = std::vector<TokenId>;

struct Adapted : test::Exact {
  static constexpr Limits limits{.context = 160, .batch = 3, .prefill_chunk = 16, .threads = 2};
  using Adapters = expert::Adapters<
      expert::AdapterTargets{.query = true, .key = true, .value = true, .output = true, .experts = true}, 4>;
};

std::string adapter(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/adapters/" + name; }

GenerateOptions sampled(std::int32_t max_tokens) {
  return {.temperature = 2, .top_k = 100, .max_tokens = max_tokens, .stop_at_eos = false};
}

LanguageModel<Adapted> with_adapters() {
  LanguageModel<Adapted> model = load<Adapted>(golden_model("plain"));
  for (const std::string kind : {"attention", "experts", "fused"}) model.adapters().add(kind, adapter("plain_" + kind));
  return model;
}

}  // namespace

TEST_CASE("requests with three adapters and none, two slots: each answer is the one alone") {
  const auto model = with_adapters();
  auto batch = model.batch();
  const std::string names[] = {"fused", "", "attention", "experts", "fused", "experts", "", "attention"};
  std::map<std::uint64_t, Tokens> expected;
  std::uint64_t seed = 0;
  for (const std::string& name : names) {
    const Tokens prompt{1, 7, static_cast<TokenId>(20 + seed % 3), 9, 33};
    const SessionOptions session{.seed = ++seed, .adapter = name};
    const std::uint64_t id = batch.add_tokens(prompt, sampled(12), session);
    expected[id] = model.session(session).generate_tokens(prompt, sampled(12));
  }
  const std::vector<BatchAnswer> answers = batch.run();
  REQUIRE(answers.size() == 8);
  for (const BatchAnswer& answer : answers) {
    CAPTURE(answer.id);
    CHECK(answer.tokens == expected[answer.id]);
  }
  test::check_error<InvalidArgument>([&] { batch.add_tokens(Tokens{1}, {}, {.adapter = "TEACH"}); },
                                     {"no adapter TEACH", "attention, experts, fused"});
  const auto free = model.adapters().try_acquire(model.adapters().find("experts"));
  CHECK(free);  // nothing is leased any more
  CHECK(model.adapters().try_acquire(model.adapters().find("fused")));
}

TEST_CASE("a prefix is reused by requests with the same adapter alone") {
  const auto model = with_adapters();
  auto batch = model.batch(1);
  const Tokens prompt{1, 7, 20, 9, 33, 41, 5};
  const auto cached = [&](const std::string& name) {
    batch.add_tokens(prompt, sampled(2), {.adapter = name});
    return batch.run()[0].stats.usage.cached_tokens;
  };
  CHECK(cached("fused") == 0);
  CHECK(cached("fused") == 6);
  CHECK(cached("") == 0);
  CHECK(cached("attention") == 0);
  CHECK(cached("attention") == 6);
}

TEST_CASE("a file that was cut fails its request alone") {
  const TemporaryFolder folder;
  const std::string mine = folder.path() + "/mine";
  std::filesystem::copy(adapter("plain_attention"), mine);
  const auto model = with_adapters();
  model.adapters().add("mine", mine);
  const std::string file = mine + "/adapter_model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 8);
  auto batch = model.batch();
  const Tokens prompt{1, 7, 20};
  const std::uint64_t first = batch.add_tokens(prompt, sampled(6), {.adapter = "fused"});
  const std::uint64_t bad = batch.add_tokens(prompt, sampled(6), {.adapter = "mine"});
  const std::uint64_t last = batch.add_tokens(prompt, sampled(6), {.adapter = "experts"});
  std::uint64_t failed = 0;
  std::string why;
  std::vector<BatchAnswer> answers;
  while (batch.requests() > 0) {
    try {
      for (BatchAnswer& answer : batch.step()) answers.push_back(std::move(answer));
    } catch (const RequestError& error) {
      failed = error.request;
      why = error.reason;
      CHECK(batch.cancel(error.request));
    }
  }
  CHECK(failed == bad);
  CHECK(contains(why, "adapter_model.safetensors"));
  std::map<std::uint64_t, Tokens> found;
  for (const BatchAnswer& answer : answers) found[answer.id] = answer.tokens;
  CHECK(found[first] == model.session({.adapter = "fused"}).generate_tokens(prompt, sampled(6)));
  CHECK(found[bad].empty());
  CHECK(found[last] == model.session({.adapter = "experts"}).generate_tokens(prompt, sampled(6)));
}
