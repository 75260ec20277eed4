// The gradients of whole models against PyTorch's.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/expert/relu.hpp"
#include "asterism/gating/sigmoid_top_k.hpp"
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

struct ExactSigmoid : Exact {
  using Gating = gating::SigmoidTopK;
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
    if (parameter.kind == train::Kind::bias) continue;
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

template <class TrainerType>
void check_gradients(TrainerType& trainer, const test::Golden& golden) {
  const GoldenBatch batch(golden);
  trainer.clear_gradients();
  const train::PassReport report = trainer.accumulate(batch.view());
  const auto number = [&](const char* of) { return golden.values<double>(of)[0]; };
  CHECK(report.loss == doctest::Approx(number("loss")).epsilon(1e-5));
  CHECK(report.router.balance == doctest::Approx(number("balance")).epsilon(1e-5));
  CHECK(report.router.z == doctest::Approx(number("z")).epsilon(1e-5));
  CHECK(worst(trainer, golden) < 1e-4);
  CHECK(trainer.devices()[0]->arena().high_water() == trainer.plan().total());
}

template <class B>
void check_model(const std::string& name) {
  CAPTURE(name);
  auto trainer = trainer_of<B>(name);
  check_gradients(trainer, test::Golden("train/gradients/" + name + ".safetensors"));
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

TEST_CASE("every tensor's gradient is PyTorch's, of routers with sigmoids and a bias") {
  const test::Golden golden("train/gradients/sigmoid.safetensors");
  const auto plain = trainer_of<Exact>("plain");
  Shape shape = plain.shape();
  shape.architecture = Architecture::sigmoid_mixtral;
  train::Trainer<ExactSigmoid, Wanted<>> trainer(shape, 1_GiB);
  const std::vector<float> biases = golden.values<float>("bias");
  std::size_t next = 0;
  std::size_t layer = 0;
  for (const train::Parameter& parameter : trainer.parameters()) {
    if (parameter.kind == train::Kind::bias) {
      CHECK(parameter.name.ends_with("block_sparse_moe.gate.e_score_correction_bias"));
      const auto experts = static_cast<std::size_t>(shape.experts);
      std::copy_n(biases.begin() + static_cast<std::ptrdiff_t>(layer++ * experts), experts,
                  parameter.values().begin());
      continue;
    }
    const train::Parameter& from = plain.parameters()[next++];
    REQUIRE(from.name == parameter.name);
    std::copy(from.values().begin(), from.values().end(), parameter.values().begin());
  }
  REQUIRE(layer == static_cast<std::size_t>(shape.layers));
  check_gradients(trainer, golden);
  // What stands in the place of the bias's gradient is the load of the layer.
  layer = 0;
  for (const train::Parameter& parameter : trainer.parameters()) {
    if (parameter.kind != train::Kind::bias) continue;
    const auto experts = static_cast<std::size_t>(shape.experts);
    float all = 0;
    for (std::size_t e = 0; e < experts; ++e) {
      CHECK(parameter.slope()[e] == static_cast<float>(trainer.load()[layer * experts + e]));
      all += parameter.slope()[e];
    }
    CHECK(all ==
          static_cast<float>(golden.values<TokenId>("tokens").size() * static_cast<std::size_t>(shape.top_k)));
    ++layer;
  }
}
