// Adapters against PEFT's, and its files.
#include "asterism/train/peft.hpp"

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/file/path.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/train/merge.hpp"

#include "adapted.hpp"
#include "support/files.hpp"
#include "support/golden.hpp"
#include "support/slopes.hpp"

using namespace asterism;
using test::GoldenBatch;
using test::trainer_of;

namespace {

template <std::int32_t Attention = 3, std::int32_t Experts = 3>
using Adapted = test::Adapted<Attention, Experts>;

const std::string folder = std::string(ASTERISM_GOLDEN_DIR) + "/train/peft";

}  // namespace

TEST_CASE("an adapter of PEFT's gives PEFT's loss and gradients") {
  const test::Golden golden("train/peft.safetensors");
  const GoldenBatch batch(test::Golden("train/gradients/plain.safetensors"));
  auto trainer = trainer_of<test::Exact, Adapted<>>("plain");
  CHECK(trainer.evaluate(batch.view()).loss ==
        doctest::Approx(golden.values<double>("base_loss")[0]).epsilon(1e-5));
  train::load_adapters(folder, trainer);
  trainer.clear_gradients();
  CHECK(trainer.accumulate(batch.view()).loss == doctest::Approx(golden.values<double>("loss")[0]).epsilon(1e-5));
  std::size_t compared = 0;
  for (const train::Parameter& parameter : trainer.parameters()) {
    if (!golden.has("gradient/" + parameter.name)) continue;
    CAPTURE(parameter.name);
    const auto expected = golden.values<float>("gradient/" + parameter.name);
    double most = 0;
    double largest = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      most = test::worse(most, std::abs(static_cast<double>(parameter.slope()[i] - expected[i])));
      largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    }
    CHECK(most < 1e-4 * largest);
    ++compared;
  }
  CHECK(compared == 16);
}

namespace {

/// The bytes of all weights of a network.
template <class Network>
std::string bytes_of(const Network& network) {
  std::string out;
  model::for_each_weight(network, [&]<class W>(const model::WeightId&, const W& weights) {
    if constexpr (requires { weights.view; }) {
      out.append(reinterpret_cast<const char*>(weights.view.data), weights.view.rows * weights.view.cols * 4);
    } else {
      out.append(reinterpret_cast<const char*>(weights.data),
                 static_cast<std::size_t>(W::Format::planes(weights.rows, weights.cols).bytes().count));
    }
  });
  return out;
}

struct FourBit : Blueprint {
  static constexpr Limits limits{.context = 128, .prefill_chunk = 16, .threads = 2};
};

}  // namespace

TEST_CASE("adapters learn beside frozen 4-bit weights, of which no bit changes") {
  const test::TemporaryFolder written;
  const GoldenBatch batch(test::Golden("train/gradients/plain.safetensors"));
  auto trainer = trainer_of<FourBit, Adapted<>>("bnb_experts");
  CHECK(trainer.devices()[0]->arena().high_water() == trainer.plan().total());
  const std::string before = bytes_of(trainer.weights());
  const double first = trainer.evaluate(batch.view()).loss;
  for (int step = 0; step < 12; ++step) trainer.step(batch.view(), 12);
  const double last = trainer.evaluate(batch.view()).loss;
  CHECK(last < 0.5 * first);
  CHECK(bytes_of(trainer.weights()) == before);

  train::save_adapters(trainer, "bnb_experts", written / "adapter");
  auto again = trainer_of<FourBit, Adapted<>>("bnb_experts");
  CHECK(again.evaluate(batch.view()).loss == first);
  train::load_adapters(written / "adapter", again);
  CHECK(again.evaluate(batch.view()).loss == last);
  const checkpoint::PeftConfig config = checkpoint::read_peft_config(written / "adapter");
  CHECK(config.rank == 3);
  CHECK(config.alpha == 6);
  CHECK(config.base == "bnb_experts");
  CHECK(config.targets == std::vector<std::string>{"q_proj", "k_proj", "v_proj", "o_proj", "w1", "w3", "w2"});
}

TEST_CASE("adapters at attention alone leave experts frozen") {
  const GoldenBatch batch(test::Golden("train/gradients/plain.safetensors"));
  auto trainer = trainer_of<test::Exact, Adapted<2, 0>>("plain");
  CHECK(trainer.parameters().size == 16);
  const double first = trainer.evaluate(batch.view()).loss;
  for (int step = 0; step < 5; ++step) trainer.step(batch.view(), 5);
  CHECK(trainer.evaluate(batch.view()).loss < first);
}

TEST_CASE("an adapter that does not fit is refused by what does not") {
  auto trainer = trainer_of<test::Exact, Adapted<>>("plain");
  auto other = trainer_of<test::Exact, Adapted<2, 2>>("plain");
  auto attention = trainer_of<test::Exact, Adapted<3, 0>>("plain");
  auto wider = trainer_of<test::Exact, Adapted<>>("one_kv_head");
  CHECK_THROWS_WITH_AS(
      train::load_adapters(folder, other),
      doctest::Contains("the adapter of model.layers.0.self_attn.q_proj has rank 3 and alpha 6; the "
                        "recipe's has rank 2 and alpha 6"),
      InvalidArgument);
  CHECK_THROWS_WITH_AS(train::load_adapters(folder, attention), doctest::Contains("would be lost"), FormatError);
  CHECK_THROWS_AS(train::load_adapters(folder, wider), FormatError);
  const test::TemporaryFolder changed;
  const std::string config = file::read_file(folder + "/adapter_config.json", 1U << 20U);
  std::string bytes = file::read_file(folder + "/adapter_model.safetensors", 1U << 20U);
  test::write_file(changed / "adapter_config.json", config);
  bytes[bytes.size() - 1] = '\x7F';
  bytes[bytes.size() - 2] = '\xC0';
  test::write_file(changed / "adapter_model.safetensors", bytes);
  CHECK_THROWS_WITH_AS(train::load_adapters(changed.path(), trainer), doctest::Contains("lora_"), FormatError);
}

TEST_CASE("a merged checkpoint answers as base and adapter do") {
  const GoldenBatch batch(test::Golden("train/gradients/plain.safetensors"));
  const test::TemporaryFolder merged;
  ProgressSink silence;
  const auto first = [](const auto& of) { return of.subview(0, 7); };
  const train::Batch seven{first(View<const TokenId>(batch.tokens)),
                           View<const std::uint32_t>(batch.ends).subview(0, 1),
                           first(View<const TokenId>(batch.targets)), first(View<const float>(batch.weights))};
  const auto loss_of = [&](const std::string& base) {
    train::Trainer<test::Exact, test::Short<>> trainer(generate::read_config(base).shape, 1_GiB);
    train::load_weights(base, trainer);
    return trainer.evaluate(seven).loss;
  };
  auto exact = trainer_of<test::Exact, Adapted<>>("plain");
  train::load_adapters(folder, exact);
  train::merge_adapter(test::checkpoint_folder("plain"), folder, merged / "plain", silence);
  CHECK(loss_of(merged / "plain") == doctest::Approx(exact.evaluate(seven).loss).epsilon(1e-5));
  // Of a base in 4 bits what it decodes to.
  auto learnt = trainer_of<FourBit, Adapted<>>("bnb_experts");
  for (int step = 0; step < 3; ++step) learnt.step(seven, 3);
  train::save_adapters(learnt, "bnb_experts", merged / "adapter");
  train::merge_adapter(test::checkpoint_folder("bnb_experts"), merged / "adapter", merged / "bnb_experts",
                       silence);
  CHECK(loss_of(merged / "bnb_experts") == doctest::Approx(learnt.evaluate(seven).loss).epsilon(1e-2));
  CHECK_THROWS_WITH_AS(
      train::merge_adapter(test::checkpoint_folder("one_kv_head"), folder, merged / "other", silence),
      doctest::Contains("lora_A"), FormatError);
  CHECK(file::path_kind(merged / "other") == file::PathKind::missing);
}
