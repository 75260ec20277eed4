// Adapters beside a model: PEFT's logits, what an answer may reuse, what is in memory, what is refused.
#include "asterism/generate/adapters.hpp"

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/placement/memory_footprint.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/files.hpp"
#include "support/golden.hpp"

using namespace asterism;
using test::check_error;
using test::contains;
using test::golden_model;
using test::message_of;
using test::TemporaryFolder;

namespace {

using Tokens = std::vector<TokenId>;

constexpr expert::AdapterTargets everything{
    .query = true, .key = true, .value = true, .output = true, .experts = true};

struct Adapted : test::Exact {
  using Adapters = expert::Adapters<everything, 4>;
};

std::string adapter(const std::string& name) { return std::string(ASTERISM_GOLDEN_DIR) + "/adapters/" + name; }

GenerateOptions greedy(std::int32_t max_tokens) {
  GenerateOptions options;
  options.max_tokens = max_tokens;
  options.stop_at_eos = false;
  return options;
}

const LanguageModel<Adapted>& plain() {
  static const LanguageModel<Adapted> model = [] {
    LanguageModel<Adapted> loaded = load<Adapted>(golden_model("plain"));
    for (const char* kind : {"attention", "experts", "fused"})
      loaded.adapters().add(kind, adapter(std::string("plain_") + kind));
    return loaded;
  }();
  return model;
}

const Tokens prompt{1, 5, 9, 33, 4, 71, 8, 120, 66, 3};

Tokens answer(Session<Adapted>& session, const Tokens& asked = prompt) {
  return session.generate_tokens(asked, greedy(24));
}

/// What a new session with the adapter answers.
Tokens alone(const std::string& name, const Tokens& asked = prompt) {
  Session<Adapted> session = plain().session({.adapter = name});
  return answer(session, asked);
}

}  // namespace

TEST_CASE("PEFT's logits and greedy tokens, on four models and three kinds of adapter, and fused matrices alone") {
  for (const std::string model_name : {"plain", "odd_sizes", "one_kv_head", "many_experts"}) {
    const LanguageModel<Adapted> model = load<Adapted>(golden_model(model_name));
    std::vector<std::string> kinds{"attention", "experts", "fused"};
    if (model_name == "plain") kinds.insert(kinds.end(), {"gate_up", "down"});
    for (const std::string& kind : kinds) {
      CAPTURE(model_name);
      CAPTURE(kind);
      const test::Golden golden("adapters/" + model_name + "_" + kind + ".safetensors");
      model.adapters().add(kind, adapter(model_name + "_" + kind));
      Session<Adapted> session = model.session({.adapter = kind});
      const auto vocabulary = static_cast<std::size_t>(model.shape().vocabulary);
      const std::vector<float> logits = session.logits(golden.values<std::int32_t>("prompt"));
      const auto expected = golden.values<float>("logits");
      float worst = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        worst = std::max(worst, std::abs(logits[logits.size() - expected.size() + i] - expected[i]));
      }
      CHECK(expected.size() == 4 * vocabulary);
      CHECK(worst < 2e-4F);
      CHECK(session.generate_tokens(golden.values<std::int32_t>("greedy_prompt"), greedy(64)) ==
            golden.values<std::int32_t>("greedy_tokens"));
    }
  }
}

TEST_CASE("nothing is reused of what another adapter computed, nor of another that had its name") {
  const LanguageModel<Adapted> model = load<Adapted>(golden_model("plain"));
  auto& adapters = model.adapters();
  adapters.add("A", adapter("plain_attention"));
  adapters.add("B", adapter("plain_fused"));
  const Tokens base = alone("");
  const Tokens with_attention = alone("attention");
  const Tokens with_fused = alone("fused");
  REQUIRE(base != with_attention);
  REQUIRE(base != with_fused);
  REQUIRE(with_attention != with_fused);

  Session<Adapted> session = model.session({.adapter = "A"});
  CHECK(answer(session) == with_attention);
  CHECK(answer(session) == with_attention);
  CHECK(session.last().usage.cached_tokens == static_cast<std::int32_t>(prompt.size()) - 1);
  adapters.add("A", adapter("plain_fused"));  // other weights under the name
  CHECK(answer(session) == with_fused);
  CHECK(session.last().usage.cached_tokens == 0);
  adapters.add("A", adapter("plain_attention"));
  CHECK(answer(session) == with_attention);
  CHECK(session.last().usage.cached_tokens == 0);

  engine::Sequence<Adapted> sequence(model.engine());
  sequence.begin(prompt, 0, {}, 7);
  sequence.advance(prompt.size());
  CHECK(sequence.common_prefix(prompt, {}, 7) == prompt.size());
  CHECK(sequence.common_prefix(prompt, {}, 8) == 0);
  CHECK(sequence.common_prefix(prompt) == 0);
}

TEST_CASE("adapters take turns in the slots that are planned, and answers stay the same") {
  const auto& counts = [] { return plain().adapters().counts(); };
  const auto before = counts();
  std::vector<Tokens> expected;
  const std::string names[] = {"attention", "experts", "fused", ""};
  for (const std::string& name : names) expected.push_back(alone(name));
  for (const std::size_t i : {0, 2, 3, 1, 1, 2, 0, 3, 2}) CHECK(alone(names[i]) == expected[i]);
  CHECK(counts().brought > before.brought + 4);
  CHECK(counts().dropped > before.dropped);
  int resident = 0;
  for (const std::string& name : plain().adapters().names()) resident += plain().adapters().resident(name) ? 1 : 0;
  CHECK(resident == 2);

  const placement::Plan& plan = plain().plan();
  const Shape& shape = plain().shape();
  const Bytes each = model::AdapterSlot<Adapted::Adapters>::bytes(shape, 0, shape.layers);
  CHECK(plan.bytes(0, placement::PartKind::adapters) == each * 2);
  CHECK(plain().devices()[0]->arena().high_water() <= plan.peak(0));
  CHECK(contains(plain().memory_report(), "adapters"));
}

TEST_CASE("an answer goes on with its adapter while the name gets another") {
  const LanguageModel<Adapted> model = load<Adapted>(golden_model("plain"));
  model.adapters().add("A", adapter("plain_attention"));
  Session<Adapted> session = model.session({.adapter = "A"});
  const auto known = model.adapters().find("A");
  const auto lease = model.adapters().acquire(known);
  CHECK(model.adapters().resident("A"));
  model.adapters().add("A", adapter("plain_experts"));
  CHECK_FALSE(model.adapters().resident("A"));
  model.adapters().prefetch("A");
  CHECK(model.adapters().resident("A"));
  model.adapters().add("B", adapter("plain_fused"));
  model.adapters().remove("A");
  model.adapters().prefetch("B");  // the only slot whose adapter nobody leases
  CHECK(model.adapters().resident("B"));
  const auto second = model.adapters().acquire(model.adapters().find("B"));
  model.adapters().add("C", adapter("plain_experts"));
  CHECK_FALSE(model.adapters().try_acquire(model.adapters().find("C")));
  CHECK(lease.slot() != second.slot());
}

TEST_CASE("what can't be applied is refused by name") {
  const LanguageModel<Adapted> model = load<Adapted>(golden_model("plain"));
  auto& adapters = model.adapters();
  check_error<InvalidArgument>([&] { model.session({.adapter = "REASON"}); }, {"no adapter REASON", "none was added"});
  adapters.add("A", adapter("plain_attention"));
  check_error<InvalidArgument>([&] { model.session({.adapter = "REASON"}); }, {"REASON", "there are A"});
  check_error<InvalidArgument>([&] { adapters.add("", adapter("plain_attention")); }, {"needs a name"});
  check_error<FileError>([&] { adapters.add("B", adapter("nowhere")); }, {"nowhere"});
  check_error<FormatError>([&] { adapters.add("B", adapter("odd_sizes_attention")); },
                           {"adapter_model.safetensors", "q_proj", "shape", "expected"});
  check_error<Unsupported>([&] { adapters.add("B", std::string(ASTERISM_GOLDEN_DIR) + "/train/peft_fused"); },
                           {"modules_to_save", "merge"});
  CHECK(adapters.names() == std::vector<std::string>{"A"});

  const TemporaryFolder folder;
  const std::string lacking = folder.path() + "/lacking";
  std::filesystem::copy(adapter("plain_attention"), lacking);
  std::string config = file::read_file(lacking + "/adapter_config.json", 1U << 20U);
  config.replace(config.find("\"o_proj\""), 8, "\"k_proj\", \"o_proj\"");
  test::write_file(lacking + "/adapter_config.json", config);
  check_error<FormatError>([&] { adapters.add("B", lacking); }, {"no tensors of k_proj", "target_modules"});

  const LanguageModel<test::Exact> without = load<test::Exact>(golden_model("plain"));
  check_error<InvalidArgument>([&] { without.session({.adapter = "A"}); }, {"A", "no Adapters"});
}

TEST_CASE("an adapter that changes after it was added fails its own answers alone") {
  const TemporaryFolder folder;
  const std::string mine = folder.path() + "/mine";
  std::filesystem::copy(adapter("plain_attention"), mine);
  const LanguageModel<Adapted> model = load<Adapted>(golden_model("plain"));
  auto& adapters = model.adapters();
  adapters.add("mine", mine);
  adapters.add("other", adapter("plain_fused"));
  Session<Adapted> session = model.session({.adapter = "mine"});
  const std::string file = mine + "/adapter_model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 100);
  CHECK(contains(message_of<Error>([&] { answer(session); }), "adapter_model.safetensors"));
  Session<Adapted> other = model.session({.adapter = "other"});
  CHECK(answer(other) == alone("fused"));

  std::filesystem::remove_all(mine);
  std::filesystem::copy(adapter("plain_fused"), mine);
  check_error<FormatError>([&] { answer(session); }, {"mine", "changed since it was added"});
  std::filesystem::remove_all(mine);
  std::filesystem::copy(adapter("plain_attention"), mine);
  CHECK(answer(session) == alone("attention"));
}
