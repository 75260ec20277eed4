// Steps of a trainer: what stops them, and what they leave then.
#include "asterism/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "trained.hpp"

using namespace asterism;

namespace {

/// Steps of data, the same for everybody.
class Steps {
 public:
  Steps() : packing_(examples_, {.rows = train::step_rows<test::Short<>>, .batch = 4, .seed = 5}) {}

  train::Batch next() {
    const train::PackedStep step = packing_.next();
    return {step.tokens, step.ends, step.targets, step.weights};
  }

 private:
  train::Examples examples_ = test::copies(40, 100);
  train::Packing packing_;
};

/// All weights and all that the optimizer remembers, as bytes.
template <class TrainerType>
std::string bytes_of(const TrainerType& trainer) {
  std::string out;
  for (const train::Parameter& parameter : trainer.parameters()) {
    out.append(reinterpret_cast<const char*>(parameter.weights.data), parameter.size() * sizeof(float));
    out.append(reinterpret_cast<const char*>(parameter.state.data), parameter.state.size);
  }
  return out;
}

template <class TrainerType>
const train::Parameter& named(const TrainerType& trainer, const std::string& name) {
  for (const train::Parameter& parameter : trainer.parameters()) {
    if (parameter.name == name) return parameter;
  }
  throw InvalidArgument(name);
}

}  // namespace

TEST_CASE("a gradient that is no number names step and tensor, and changes neither weights nor optimizer") {
  for (const float broken : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto trainer = test::trained();
    auto undisturbed = test::trained();
    Steps steps;
    Steps same;
    for (int i = 0; i < 3; ++i) {
      trainer.step(steps.next(), 10);
      undisturbed.step(same.next(), 10);
    }
    const auto values = named(trainer, "lm_head.weight").values();
    const float whole = values[0];
    values[0] = broken;
    const std::string before = bytes_of(trainer);
    const train::Batch batch = steps.next();
    CHECK_THROWS_WITH_AS(
        trainer.step(batch, 10),
        doctest::Contains("step 4: the gradient of 'model.embed_tokens.weight' has NaN or infinity"),
        NumericError);
    CHECK(bytes_of(trainer) == before);
    CHECK(trainer.steps() == 3);
    // Mended it goes on as if nothing had been.
    values[0] = whole;
    CHECK(trainer.step(batch, 10).step == 4);
    undisturbed.step(same.next(), 10);
    CHECK(bytes_of(trainer) == bytes_of(undisturbed));
  }
}

TEST_CASE("the tensor whose own gradient is wrong is named") {
  auto trainer = test::trained();
  Steps steps;
  trainer.clear_gradients();
  trainer.accumulate(steps.next());
  const train::Parameter& router = named(trainer, "model.layers.1.block_sparse_moe.gate.weight");
  reinterpret_cast<float*>(router.gradient.data)[router.gradient.cols + 5] =
      std::numeric_limits<float>::infinity();
  const std::string before = bytes_of(trainer);
  CHECK_THROWS_WITH_AS(trainer.update(10),
                       doctest::Contains("step 1: the gradient of 'model.layers.1.block_sparse_moe.gate.weight'"),
                       NumericError);
  CHECK(bytes_of(trainer) == before);
}

TEST_CASE("a batch that is refused changes nothing, and a schedule ends") {
  auto trainer = test::trained();
  Steps steps;
  const std::string before = bytes_of(trainer);
  CHECK_THROWS_AS(trainer.step({}, 2), InvalidArgument);
  CHECK(bytes_of(trainer) == before);
  trainer.step(steps.next(), 2);
  trainer.step(steps.next(), 2);
  const std::string after = bytes_of(trainer);
  CHECK_THROWS_WITH_AS(trainer.step(steps.next(), 2), "step 3 of 2: the schedule has ended", InvalidArgument);
  CHECK(bytes_of(trainer) == after);
  CHECK(trainer.steps() == 2);
}

TEST_CASE("gradients of several batches add up, and measuring leaves them") {
  auto trainer = test::trained();
  Steps steps;
  const train::Batch batch = steps.next();
  const auto slopes = [&] {
    std::vector<float> out;
    for (const auto& parameter : trainer.parameters()) {
      for (std::size_t i = 0; i < parameter.size(); ++i) out.push_back(parameter.gradient[i]);
    }
    return out;
  };
  trainer.clear_gradients();
  trainer.accumulate(batch);
  const std::vector<float> once = slopes();
  trainer.evaluate(batch);
  CHECK(slopes() == once);
  trainer.accumulate(batch);
  const std::vector<float> twice = slopes();
  double most = 0;
  double largest = 0;
  for (std::size_t i = 0; i < once.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(twice[i]) - 2 * static_cast<double>(once[i])));
    largest = std::max(largest, std::abs(static_cast<double>(once[i])));
  }
  CHECK(largest > 0);
  CHECK(most < 1e-5 * largest);
  trainer.clear_gradients();
  CHECK(slopes() == std::vector<float>(once.size(), 0.0F));
}

TEST_CASE("a budget below the plan is refused with its parts, and one of its size is enough") {
  const Shape shape = generate::read_config(test::checkpoint_folder()).shape;
  using Trainer = train::Trainer<test::Exact, test::Short<>>;
  const Bytes needed = train::plan<test::Exact, test::Short<>>(1_GiB, shape).total();
  CHECK_THROWS_WITH_AS(Trainer(shape, Bytes{needed.count - 1}), doctest::Contains("training needs "),
                       BudgetExceeded);
  CHECK_THROWS_WITH_AS(Trainer(shape, 1_KiB), doctest::Contains("activations"), BudgetExceeded);
  const Trainer enough(shape, needed);
  CHECK(enough.devices()[0]->arena().high_water() == needed);
}
