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

}  // namespace

TEST_CASE("fifty steps of the small Mixtral have PyTorch's losses") {
  const std::string folder = std::string(ASTERISM_SOURCE_DIR) + "/examples/small_mixtral/checkpoint";
  const test::Golden golden("train/curve.safetensors");
  const auto tokens = golden.values<TokenId>("tokens");
  const auto counts = golden.values<std::int32_t>("counts");
  const auto ends = golden.values<std::int32_t>("ends");
  const auto losses = golden.values<double>("losses");
  const auto norms = golden.values<double>("norms");
  const auto balances = golden.values<double>("balances");

  train::Trainer<test::Exact, Curve> trainer(generate::read_config(folder).shape, 1_GiB);
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
    CHECK(report.pass.loss == doctest::Approx(losses[step]).epsilon(1e-3));
    CHECK(report.norm == doctest::Approx(norms[step]).epsilon(1e-2));
    CHECK(report.pass.router.balance == doctest::Approx(balances[step]).epsilon(1e-3));
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
    // Fifty steps of 1e-3 moved each weight by up to 0.05.
    CHECK(std::sqrt(squares / static_cast<double>(some.size())) < 5e-4);
  }
}
