// The gradients of whole models against PyTorch's.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/expert/relu.hpp"
#include "asterism/gating/switch.hpp"
#include "asterism/train/checkpoint.hpp"
#include "asterism/train/trainer.hpp"

#include "support/golden.hpp"
#include "support/slopes.hpp"

using namespace asterism;

namespace {

struct Exact : Blueprint {
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  static constexpr Limits limits{.context = 128, .prefill_chunk = 16, .threads = 2};
};

struct ExactSwitch : Exact {
  using Gating = gating::Switch;
  template <class Q>
  using Expert = expert::Relu<Q>;
};

template <class Recomputed = train::recompute::Nothing>
struct Wanted : train::Recipe {
  using Recompute = Recomputed;
  static constexpr train::Losses losses{.balance = 0.05F, .z = 0.01F};
  static constexpr std::int32_t batch = 4, sequence = 70;
};

/// The batch of a golden file.
struct GoldenBatch {
  explicit GoldenBatch(const test::Golden& golden)
      : tokens(golden.values<TokenId>("tokens")),
        ends(unsigned_of(golden.values<std::int32_t>("ends"))),
        targets(golden.values<TokenId>("targets")),
        weights(golden.values<float>("weights")) {}

  static std::vector<std::uint32_t> unsigned_of(const std::vector<std::int32_t>& values) {
    return {values.begin(), values.end()};
  }
  train::Batch view() const { return {tokens, ends, targets, weights}; }

  std::vector<TokenId> tokens;
  std::vector<std::uint32_t> ends;
  std::vector<TokenId> targets;
  std::vector<float> weights;
};

template <class B, class R = Wanted<>>
train::Trainer<B, R> trainer_of(const std::string& name, std::int32_t threads = 2) {
  const std::string folder = std::string(ASTERISM_GOLDEN_DIR) + "/models/" + name;
  Limits limits = B::limits;
  limits.threads = threads;
  train::Trainer<B, R> trainer(generate::read_config(folder).shape, 1_GiB, limits);
  train::load_weights(folder, trainer);
  return trainer;
}

/// The largest difference to the golden gradients, each tensor's as a share of its largest element.
template <class TrainerType>
double worst(const TrainerType& trainer, const test::Golden& golden) {
  double most = 0;
  std::size_t compared = 0;
  for (const train::Parameter& parameter : trainer.parameters()) {
    CAPTURE(parameter.name);
    const std::vector<float> some = golden.values<float>("some/" + parameter.name);
    const double largest = static_cast<double>(golden.values<float>("largest/" + parameter.name)[0]);
    const train::Gradient& slope = parameter.slope();
    const std::size_t stride = slope.size() / 256 | 1U;
    for (std::size_t i = 0; i < some.size(); ++i) {
      const double difference = std::abs(static_cast<double>(slope[i * stride % slope.size()] - some[i]));
      most = test::worse(most, largest == 0 ? difference : difference / largest);
    }
    ++compared;
  }
  std::size_t expected = 0;
  for (const auto& [name, tensor] : golden.tensors()) expected += name.starts_with("some/") ? 1 : 0;
  CHECK(compared == expected);
  return most;
}

template <class B>
void check_model(const std::string& name) {
  CAPTURE(name);
  const test::Golden golden("train/gradients/" + name + ".safetensors");
  const GoldenBatch batch(golden);
  auto trainer = trainer_of<B>(name);
  trainer.clear_gradients();
  const train::PassReport report = trainer.accumulate(batch.view());
  const auto number = [&](const char* of) { return golden.values<double>(of)[0]; };
  CHECK(report.loss == doctest::Approx(number("loss")).epsilon(1e-5));
  CHECK(report.router.balance == doctest::Approx(number("balance")).epsilon(1e-5));
  CHECK(report.router.z == doctest::Approx(number("z")).epsilon(1e-5));
  CHECK(worst(trainer, golden) < 1e-4);
  CHECK(trainer.devices()[0]->arena().high_water() == trainer.plan().total());
}

}  // namespace

TEST_CASE("every tensor's gradient is PyTorch's") {
  for (const char* name : {"plain", "one_kv_head", "window", "many_experts", "odd_sizes", "qwen3_moe_plain",
                           "qwen3_moe_fused", "qwen3_moe_dense_list", "llama_bias_tied", "mistral_window"}) {
    check_model<Exact>(name);
  }
}

TEST_CASE("every tensor's gradient is PyTorch's, of Switch layers") {
  for (const char* name : {"switch_plain", "switch_wide_heads"}) check_model<ExactSwitch>(name);
}
