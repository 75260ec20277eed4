// Adapters of fused experts as PEFT saves them, and routers that learn beside adapters.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/file/path.hpp"
#include "asterism/train/merge.hpp"
#include "asterism/train/peft.hpp"

#include "adapted.hpp"
#include "support/files.hpp"
#include "support/slopes.hpp"

using namespace asterism;
using test::Adapted;
using test::GoldenBatch;
using test::trainer_of;

namespace {

const std::string root = std::string(ASTERISM_GOLDEN_DIR) + "/train/";

const GoldenBatch& batch() {
  static const GoldenBatch one(test::Golden("train/gradients/plain.safetensors"));
  return one;
}

/// What PEFT made on fused experts: rank 4 at attention, 2 at experts, routers whole.
using Fused = Adapted<4, 2, true, 8>;

const train::Parameter& named(View<const train::Parameter> parameters, const std::string& name) {
  return *std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) {
    return one.name == "base_model.model.model.layers." + name + ".weight";
  });
}

/// A copy of the adapter in `from` with another text in the place of one in its configuration.
void copy_adapter(const std::string& from, const std::string& to, const std::string& text,
                  const std::string& other) {
  std::filesystem::copy(
      from, to, std::filesystem::copy_options::overwrite_existing | std::filesystem::copy_options::recursive);
  std::string config = file::read_file(from + "/adapter_config.json", 1U << 20U);
  REQUIRE(config.find(text) != config.npos);
  test::write_file(to + "/adapter_config.json", config.replace(config.find(text), text.size(), other));
}

}  // namespace

TEST_CASE("two adapters that PEFT fused are the two again, to the bit") {
  auto first = trainer_of<test::Exact, Adapted<>>("plain");
  auto second = trainer_of<test::Exact, Adapted<>>("plain");
  train::load_adapters(root + "peft", first);
  train::load_adapters(root + "peft_converted", second);
  CHECK(test::all_weights(first) == test::all_weights(second));
}

TEST_CASE("an adapter made on fused experts gives PEFT's loss and gradients, routers' too") {
  const test::Golden golden("train/peft_fused.safetensors");
  auto trainer = trainer_of<test::Exact, Fused>("plain");
  train::load_adapters(root + "peft_fused", trainer);
  const View<const train::Parameter> all = trainer.parameters();
  // One A for gate and up.
  const auto gate = named(all, "1.block_sparse_moe.experts.3.w1.lora_A").values();
  const auto up = named(all, "1.block_sparse_moe.experts.3.w3.lora_A").values();
  CHECK(std::equal(gate.begin(), gate.end(), up.begin()));
  trainer.clear_gradients();
  CHECK(trainer.accumulate(batch().view()).loss ==
        doctest::Approx(golden.values<double>("loss")[0]).epsilon(1e-5));

  std::size_t compared = 0;
  // Of the golden gradient `name`, element at(row, col) belongs to (row, col) of a parameter's, or of two summed up.
  const auto compare = [&](const std::string& name, const std::vector<std::string>& parameters, const auto& at) {
    CAPTURE(name);
    const auto expected = golden.values<float>("gradient/base_model.model.model.layers." + name + ".weight");
    const train::Gradient& shape = named(all, parameters[0]).gradient;
    double most = 0;
    double largest = 0;
    for (std::size_t row = 0; row < shape.rows; ++row) {
      for (std::size_t col = 0; col < shape.cols; ++col) {
        double sum = 0;
        for (const auto& of : parameters)
          sum += static_cast<double>(named(all, of).gradient[row * shape.cols + col]);
        const auto wanted = static_cast<double>(expected[at(row, col)]);
        most = test::worse(most, std::abs(sum - wanted));
        largest = std::max(largest, std::abs(wanted));
      }
    }
    CHECK(largest > 0);
    CHECK(most < 1e-4 * largest);
    ++compared;
  };
  for (const std::string layer : {"0.", "1."}) {
    compare(layer + "mlp.gate", {layer + "mlp.gate"}, [](std::size_t r, std::size_t c) { return r * 64 + c; });
    compare(layer + "self_attn.k_proj.lora_A", {layer + "self_attn.k_proj.lora_A"},
            [](std::size_t r, std::size_t c) { return r * 64 + c; });
    for (std::size_t e = 0; e < 4; ++e) {
      const std::string expert = layer + "block_sparse_moe.experts." + std::to_string(e) + ".";
      compare(layer + "mlp.experts.base_layer.lora_A", {expert + "w1.lora_A", expert + "w3.lora_A"},
              [&](std::size_t r, std::size_t c) { return (e * 2 + r) * 64 + c; });
      compare(layer + "mlp.experts.base_layer.lora_B", {expert + "w1.lora_B"},
              [&](std::size_t r, std::size_t c) { return r * 8 + c * 4 + e; });
      compare(layer + "mlp.experts.base_layer.lora_B", {expert + "w3.lora_B"},
              [&](std::size_t r, std::size_t c) { return (96 + r) * 8 + c * 4 + e; });
      compare(layer + "mlp.experts.lora_A", {expert + "w2.lora_A"},
              [&](std::size_t r, std::size_t c) { return (e * 2 + r) * 96 + c; });
      compare(layer + "mlp.experts.lora_B", {expert + "w2.lora_B"},
              [&](std::size_t r, std::size_t c) { return r * 8 + c * 4 + e; });
    }
  }
  CHECK(compared == 44);
}

TEST_CASE("routers learn beside adapters, are saved whole, and nothing else changes") {
  const test::TemporaryFolder written;
  auto trainer = trainer_of<test::Exact, Fused>("plain");
  CHECK(trainer.devices()[0]->arena().high_water() == trainer.plan().total());
  const auto& router = named(trainer.parameters(), "1.mlp.gate");
  CHECK(router.kind == train::Kind::router);
  CHECK(router.decays);
  const std::vector<float> before(router.values().begin(), router.values().end());
  const double first = trainer.evaluate(batch().view()).loss;
  for (int step = 0; step < 8; ++step) trainer.step(batch().view(), 8);
  const double last = trainer.evaluate(batch().view()).loss;
  CHECK(last < 0.7 * first);
  CHECK(!std::equal(before.begin(), before.end(), router.values().begin()));
  CHECK(named(trainer.parameters(), "0.mlp.gate").weights.data ==
        reinterpret_cast<float*>(trainer.weights().blocks()[0].constellation().router().data));

  train::save_adapters(trainer, "plain", written / "adapter");
  const checkpoint::PeftConfig config = checkpoint::read_peft_config(written / "adapter");
  CHECK(config.whole == std::vector<std::string>{"gate"});
  CHECK(config.rank == 2);
  CHECK(config.ranks.size() == 4);
  CHECK(config.rank_of("model.layers.0.self_attn.v_proj") == 4);
  auto again = trainer_of<test::Exact, Fused>("plain");
  train::load_adapters(written / "adapter", again);
  CHECK(test::all_weights(again) == test::all_weights(trainer));
  CHECK(again.evaluate(batch().view()).loss == last);
  // Adapters that begin anew leave it; weights from the checkpoint bring the base's back.
  again.reset_adapters(1);
  CHECK(!std::equal(before.begin(), before.end(), named(again.parameters(), "1.mlp.gate").values().begin()));
  train::load_weights(test::checkpoint_folder("plain"), again);
  CHECK(again.evaluate(batch().view()).loss == first);

  auto without = trainer_of<test::Exact, Adapted<4, 2, false, 8>>("plain");
  CHECK_THROWS_WITH_AS(train::load_adapters(written / "adapter", without),
                       doctest::Contains("mlp.gate.weight' belongs to no matrix"), FormatError);
  train::save_adapters(without, "plain", written / "without");
  CHECK_THROWS_WITH_AS(train::load_adapters(written / "without", again), doctest::Contains("mlp.gate.weight'"),
                       FormatError);
  CHECK_THROWS_WITH_AS((train::plan<test::Exact, Adapted<0, 0, true>>(1_GiB, trainer.shape())),
                       doctest::Contains("a router that learns needs adapters"), Unsupported);
  const Shape dense = generate::read_config(test::checkpoint_folder("llama_plain")).shape;
  CHECK_THROWS_WITH_AS((train::plan<test::Exact, Adapted<2, 0, true>>(1_GiB, dense)),
                       doctest::Contains("the model has none"), Unsupported);
}

TEST_CASE("fused adapters merge: base and adapter in one checkpoint answer the same") {
  const test::TemporaryFolder merged;
  ProgressSink silence;
  for (const std::string name : {"peft_converted", "peft_fused"}) {
    train::merge_adapter(test::checkpoint_folder("plain"), root + name, merged / name, silence);
    train::Trainer<test::Exact, Adapted<>> trainer(generate::read_config(merged / name).shape, 1_GiB);
    train::load_weights(merged / name, trainer);
    trainer.reset_adapters(1);
    const char* golden = name == "peft_fused" ? "train/peft_fused.safetensors" : "train/peft.safetensors";
    CHECK(trainer.evaluate(batch().view()).loss ==
          doctest::Approx(test::Golden(golden).values<double>("loss")[0]).epsilon(1e-5));
  }
}

TEST_CASE("ranks and scales of patterns that are not the recipe's are refused with names and numbers") {
  auto trainer = trainer_of<test::Exact, Fused>("plain");
  const test::TemporaryFolder changed;
  copy_adapter(root + "peft_fused", changed.path(), R"("down_proj": 8)", R"("down_proj": 6)");
  CHECK_THROWS_WITH_AS(
      train::load_adapters(changed.path(), trainer),
      doctest::Contains("the adapter of model.layers.0.block_sparse_moe.experts.0.w2 has rank 2 and alpha 6; the "
                        "recipe's has rank 2 and alpha 8"),
      InvalidArgument);
  copy_adapter(root + "peft_fused", changed.path(), R"("self_attn\\..*": 4)", R"("self_attn\\..*": 3)");
  CHECK_THROWS_WITH_AS(train::load_adapters(changed.path(), trainer),
                       doctest::Contains("[4, 64], expected [3, 64]"), FormatError);
  // One A of rank 2 is not two of rank 1.
  auto narrow = trainer_of<test::Exact, Adapted<4, 1, true, 4>>("plain");
  copy_adapter(root + "peft_fused", changed.path(), R"("self_attn\\..*": 8)", R"("self_attn\\..*": 4)");
  CHECK_THROWS_WITH_AS(train::load_adapters(changed.path(), narrow),
                       doctest::Contains("gate and up share all 2 rows of one A"), Unsupported);
  auto converted = trainer_of<test::Exact, Adapted<3, 6>>("plain");
  CHECK_THROWS_WITH_AS(train::load_adapters(root + "peft_converted", converted),
                       doctest::Contains("has rank 6 and alpha 12; the recipe's has rank 6 and alpha 6"),
                       InvalidArgument);
}
