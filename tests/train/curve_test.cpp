// The small Mixtral learns as it does in PyTorch: the same weights, batches and optimizer, step after step.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/train/checkpoint.hpp"
#include "asterism/train/trainer.hpp"

#include "support/golden.hpp"
#include "trained.hpp"

using namespace asterism;

namespace {

struct Curve : train::Recipe {
  static constexpr train::AdamW optimizer{.rate = 1e-3F};
  static constexpr train::Constant schedule{.warm_up = 10};
  static constexpr std::int32_t batch = 3, sequence = 512;
};

struct NarrowCurve : Curve {
  static constexpr train::Precision precision{.gradients = train::Storage::bfloat16,
                                              .saved = train::Storage::bfloat16};
};

/// How far a curve may be from PyTorch's.
struct Bounds {
  double loss, norm, balance;  ///< as shares
  double weight;               ///< mean over some weights of a tensor
};

/// Takes the steps of the golden file, and compares.
template <class R>
void check_curve(const Bounds& bounds) {
  const std::string folder = std::string(ASTERISM_SOURCE_DIR) + "/examples/small_mixtral/checkpoint";
  const test::Golden golden("train/curve.safetensors");
  const auto tokens = golden.values<TokenId>("tokens");
  const auto counts = golden.values<std::int32_t>("counts");
  const auto ends = golden.values<std::int32_t>("ends");
  const auto losses = golden.values<double>("losses");
  const auto norms = golden.values<double>("norms");
  const auto balances = golden.values<double>("balances");

  train::Trainer<test::Exact, R> trainer(generate::read_config(folder).shape, 1_GiB);
  train::load_weights(folder, trainer);
  for (const train::Parameter& parameter : trainer.parameters()) {
    if (parameter.kind == train::Kind::vector) continue;
    for (float& value : parameter.values()) value *= 0.5F;
  }
  std::size_t begin = 0;
  for (std::size_t step = 0; step < losses.size(); ++step) {
    CAPTURE(step);
    std::vector<TokenId> ids, targets;
    std::vector<float> weights;
    std::vector<std::uint32_t> cuts;
    for (std::size_t i = 0; i < 3; ++i) {
      const auto end = static_cast<std::size_t>(ends[3 * step + i]);
      for (; begin < end; ++begin) {
        ids.push_back(tokens[begin]);
        targets.push_back(begin + 1 < end ? tokens[begin + 1] : 0);
        weights.push_back(begin + 1 < end && counts[begin] != 0 ? 1.0F : 0.0F);
      }
      cuts.push_back(static_cast<std::uint32_t>(ids.size()));
    }
    const train::StepReport report =
        trainer.step({ids, cuts, targets, weights}, static_cast<std::int64_t>(losses.size()));
    CHECK(report.pass.loss == doctest::Approx(losses[step]).epsilon(bounds.loss));
    CHECK(report.norm == doctest::Approx(norms[step]).epsilon(bounds.norm));
    CHECK(report.pass.router.balance == doctest::Approx(balances[step]).epsilon(bounds.balance));
  }
  for (const train::Parameter& parameter : trainer.parameters()) {
    if (!golden.has("weights/" + parameter.name)) continue;
    CAPTURE(parameter.name);
    const auto some = golden.values<float>("weights/" + parameter.name);
    const View<const float> values = parameter.values();
    const std::size_t stride = values.size / 256 | 1U;
    double squares = 0;
    for (std::size_t i = 0; i < some.size(); ++i) {
      const double difference = static_cast<double>(values[i * stride % values.size] - some[i]);
      squares += difference * difference;
    }
    CHECK(std::sqrt(squares / static_cast<double>(some.size())) < bounds.weight);
  }
}

}  // namespace

// Fifty steps of 1e-3 move each weight by up to 0.05.
TEST_CASE("fifty steps of the small Mixtral have PyTorch's losses") {
  check_curve<Curve>({.loss = 1e-3, .norm = 1e-2, .balance = 1e-3, .weight = 5e-4});
}

// A number in bfloat16 is off by up to 0.2 %, and what is off early counts in later steps. Found: losses 1.1 % apart at
// most and 0.05 % in the middle, norms 1.5 % and 0.1 %, weights 2.1e-4.
TEST_CASE("and nearly so with gradients and activations in bfloat16") {
  check_curve<NarrowCurve>({.loss = 2e-2, .norm = 3e-2, .balance = 5e-3, .weight = 5e-4});
}
