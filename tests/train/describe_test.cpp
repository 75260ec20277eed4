// Texts that differ where recipes do.
#include "asterism/train/describe.hpp"

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "trained.hpp"

using namespace asterism;
using train::describe;

TEST_CASE("the shortest text of a number reads back as it") {
  CHECK(train::number_text(0.1F) == "0.1");
  CHECK(train::number_text(0.1) == "0.1");
  CHECK(train::number_text(2e-3F) == "0.002");
  for (const float value : {1e-12F, 1.0F / 3, 16777217.0F, std::numeric_limits<float>::min()})
    CHECK(std::stof(train::number_text(value)) == value);
  for (const double value : {1e-300, 1.0 / 3, 1e17 + 1}) CHECK(std::stod(train::number_text(value)) == value);
}

TEST_CASE("every number of a policy is in its text") {
  const auto all_differ = [](const std::vector<std::string>& texts) {
    CHECK(std::set<std::string>(texts.begin(), texts.end()).size() == texts.size());
  };
  using train::AdamW;
  using train::AdamW8;
  all_differ({describe(AdamW{}), describe(AdamW{.rate = 0.5F}), describe(AdamW{.beta1 = 0.5F}),
              describe(AdamW{.beta2 = 0.5F}), describe(AdamW{.epsilon = 0.5F}), describe(AdamW{.decay = 0.5F}),
              describe(AdamW8{}), describe(AdamW8{.rate = 0.5F}), describe(AdamW8{.beta1 = 0.5F}),
              describe(AdamW8{.beta2 = 0.5F}), describe(AdamW8{.epsilon = 0.5F}),
              describe(AdamW8{.decay = 0.5F})});
  using train::Muon;
  all_differ({describe(Muon{}), describe(Muon{.rate = 0.5F}), describe(Muon{.momentum = 0.5F}),
              describe(Muon{.decay = 0.5F}), describe(Muon{.scale = train::MuonScale::one}),
              describe(Muon{.others = {.rate = 0.5F}})});
  all_differ({describe(train::Constant{}), describe(train::Constant{.warm_up = 7}), describe(train::Cosine{}),
              describe(train::Cosine{.warm_up = 7}), describe(train::Cosine{.floor = 0.7F}),
              describe(train::LinearFall{}), describe(train::LinearFall{.warm_up = 7}),
              describe(train::LinearFall{.fall = 0.7F})});
  all_differ({describe(train::Losses{}), describe(train::Losses{.balance = 0.7F}),
              describe(train::Losses{.z = 0.7F}), describe(train::Losses{.bias = 0.7F})});
  using train::Precision;
  using train::Storage;
  all_differ({describe(Precision{}), describe(Precision{.gradients = Storage::bfloat16}),
              describe(Precision{.gradients = Storage::float16}), describe(Precision{.saved = Storage::bfloat16}),
              describe(Precision{.gradients = Storage::float16, .scale = 2}),
              describe(Precision{.gradients = Storage::float16, .good_steps = 7})});
  using train::Adapters;
  all_differ({describe(Adapters{}), describe(Adapters{.attention = 7}), describe(Adapters{.experts = 7}),
              describe(Adapters{.alpha = 7}), describe(Adapters{.rank_stabilised = true}),
              describe(Adapters{.router = true})});
}

TEST_CASE("every size that gradients depend on is in a shape's text") {
  const Shape plain = generate::read_config(test::checkpoint_folder()).shape;
  const std::string text = describe(plain);
  const auto differs = [&](auto change) {
    Shape other = plain;
    change(other);
    return describe(other) != text;
  };
  CHECK(!differs([](Shape&) {}));
  CHECK(differs([](Shape& s) { s.architecture = Architecture::qwen3_moe; }));
  CHECK(differs([](Shape& s) { ++s.vocabulary; }));
  CHECK(differs([](Shape& s) { ++s.hidden; }));
  CHECK(differs([](Shape& s) { ++s.layers; }));
  CHECK(differs([](Shape& s) { ++s.heads; }));
  CHECK(differs([](Shape& s) { ++s.kv_heads; }));
  CHECK(differs([](Shape& s) { ++s.head_dim; }));
  CHECK(differs([](Shape& s) { ++s.ffn; }));
  CHECK(differs([](Shape& s) { ++s.dense_ffn; }));
  CHECK(differs([](Shape& s) { ++s.experts; }));
  CHECK(differs([](Shape& s) { ++s.top_k; }));
  CHECK(differs([](Shape& s) { ++s.sliding_window; }));
  CHECK(differs([](Shape& s) { s.rope_theta *= 2; }));
  CHECK(differs([](Shape& s) { s.rms_epsilon *= 2; }));
  CHECK(differs([](Shape& s) { s.tied_head = !s.tied_head; }));
  CHECK(differs([](Shape& s) { s.attention_bias = !s.attention_bias; }));
  CHECK(differs([](Shape& s) { s.qk_norm = !s.qk_norm; }));
  CHECK(differs([](Shape& s) { s.normalised_top_k = !s.normalised_top_k; }));
  const Shape dense = generate::read_config(test::checkpoint_folder("qwen3_moe_dense_list")).shape;
  Shape sparse = dense;
  sparse.dense_layers = {};
  CHECK(describe(dense) != describe(sparse));
}

namespace {

/// Four layers, the first and the third dense, of three experts.
struct Routed {
  Shape of = generate::read_config(test::checkpoint_folder("qwen3_moe_dense_list")).shape;
  std::vector<std::int32_t> counts = {0, 0, 0, 6, 0, 0, 0, 0, 0, 1, 2, 3};

  Routed() { of.experts = 3; }
  const Shape& shape() const { return of; }
  View<const std::int32_t> load() const { return counts; }
};

}  // namespace

TEST_CASE("loads are those of layers with experts, and their violation is against the mean") {
  const Routed routed;
  CHECK(train::sparse_load(routed) == std::vector<std::int32_t>{6, 0, 0, 1, 2, 3});
  const std::vector<double> found = train::max_violations(routed);
  REQUIRE(found.size() == 2);
  CHECK(found[0] == doctest::Approx(2));
  CHECK(found[1] == doctest::Approx(0.5));
  auto trainer = test::trained();
  CHECK(train::parameter_count(trainer.parameters()) == test::all_weights(trainer).size());
  CHECK(train::loss_text({.report = {.pass = {.loss = 0.12344, .right = 0.98765}}}) ==
        "loss 0.1234, 98.8 % right");
}
