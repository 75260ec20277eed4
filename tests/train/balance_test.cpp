// What keeps the load of experts even, in models that learn.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/file/path.hpp"
#include "asterism/gating/sigmoid_top_k.hpp"
#include "asterism/gating/switch.hpp"
#include "asterism/train/checkpoint.hpp"
#include "asterism/train/describe.hpp"
#include "asterism/train/initialise.hpp"
#include "asterism/train/trainer.hpp"

#include "support/files.hpp"

using namespace asterism;

namespace {

struct Softmax : Blueprint {
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  static constexpr Limits limits{.context = 64, .prefill_chunk = 16, .threads = 1};
};
struct Sigmoid : Softmax {
  using Gating = gating::SigmoidTopK;
};
struct Few : train::Recipe {
  static constexpr train::AdamW optimizer{.rate = 1e-3F};
  static constexpr train::Constant schedule{};
  static constexpr std::int32_t batch = 8, sequence = 16;
};

constexpr Shape shape_of(Architecture architecture) {
  return {.architecture = architecture,
          .vocabulary = 40,
          .hidden = 16,
          .layers = 2,
          .heads = 2,
          .kv_heads = 2,
          .head_dim = 8,
          .ffn = 16,
          .experts = 8,
          .top_k = 2,
          .max_positions = 64,
          .tied_head = true,
          .rope_theta = 1e4};
}

/// Random rows, of which each token is followed by the next but one.
struct Rows {
  std::vector<TokenId> tokens, targets;
  std::vector<std::uint32_t> ends;
  std::vector<float> weights;

  explicit Rows(Random& random) : weights(128, 1.0F) {
    for (std::uint32_t sequence = 0; sequence < 8; ++sequence) {
      auto token = static_cast<TokenId>(random.below(40));
      for (int i = 0; i < 16; ++i, token = (token + 2) % 40) {
        tokens.push_back(token);
        targets.push_back((token + 2) % 40);
      }
      ends.push_back(16 * (sequence + 1));
    }
  }
  train::Batch view() const { return {tokens, ends, targets, weights}; }
};

template <class B>
train::Trainer<B, Few> trainer_of(Architecture architecture, train::Losses losses) {
  train::Numbers<Few> numbers;
  numbers.losses = losses;
  train::Trainer<B, Few> out(shape_of(architecture), 64_MiB, B::limits, numbers);
  train::initialise(out.parameters(), out.shape(), {.seed = 1});
  return out;
}

/// MaxVio of the worst layer over the last 30 of `steps` steps.
template <class TrainerType>
double worst_after(TrainerType& trainer, int steps) {
  Random random(2);
  std::vector<double> load;
  for (int step = 0; step < steps; ++step) {
    const Rows rows(random);
    trainer.step(rows.view(), steps);
    const std::vector<std::int32_t> now = train::sparse_load(trainer);
    load.resize(now.size());
    for (std::size_t i = 0; i < now.size() && step >= steps - 30; ++i) load[i] += now[i];
  }
  double worst = 0;
  for (std::size_t first = 0; first < load.size(); first += 8) {
    double sum = 0;
    for (std::size_t e = 0; e < 8; ++e) sum += load[first + e];
    for (std::size_t e = 0; e < 8; ++e) worst = std::max(worst, 8 * load[first + e] / sum - 1);
  }
  return worst;
}

}  // namespace

TEST_CASE("a bias evens the load without a loss, and a loss does it without a bias") {
  const auto worst_of = [](auto trainer) { return worst_after(trainer, 300); };
  const double none = worst_of(trainer_of<Sigmoid>(Architecture::sigmoid_mixtral, {.balance = 0, .bias = 0}));
  const double bias = worst_of(trainer_of<Sigmoid>(Architecture::sigmoid_mixtral, {.balance = 0, .bias = 0.005F}));
  const double unbalanced = worst_of(trainer_of<Softmax>(Architecture::mixtral, {.balance = 0}));
  const double loss = worst_of(trainer_of<Softmax>(Architecture::mixtral, {.balance = 0.1F}));
  CAPTURE(none);
  CAPTURE(bias);
  CAPTURE(unbalanced);
  CAPTURE(loss);
  CHECK(bias < 0.15);
  CHECK(none > 2 * bias);
  CHECK(loss < 0.6 * unbalanced);
}

TEST_CASE("the bias counts each choice of a step's batches once, whatever is measured between") {
  auto trainer = trainer_of<Sigmoid>(Architecture::sigmoid_mixtral, {.balance = 0, .bias = 0.25F});
  Random random(3);
  const Rows first(random);
  const Rows second(random);
  trainer.clear_gradients();
  trainer.accumulate(first.view());
  const std::vector<std::int32_t> one = train::sparse_load(trainer);
  trainer.evaluate(second.view());
  trainer.accumulate(second.view());
  const std::vector<std::int32_t> two = train::sparse_load(trainer);
  trainer.update(10);
  std::size_t layer = 0;
  for (const train::Parameter& parameter : trainer.parameters()) {
    if (parameter.kind != train::Kind::bias) continue;
    float sum = 0;
    for (std::size_t e = 0; e < 8; ++e) {
      CHECK(parameter.slope()[e] == static_cast<float>(one[layer * 8 + e] + two[layer * 8 + e]));
      sum += parameter.values()[e];
    }
    CHECK(std::abs(sum) < 1e-6F);
    const auto least = static_cast<std::size_t>(std::min_element(one.begin(), one.end()) - one.begin());
    if (layer == 0 && least < 8) CHECK(parameter.values()[least] > 0);  // hardly asked: it rises
    ++layer;
  }
  CHECK(layer == 2);
}

namespace {

struct Again : Few {
  using Recompute = train::recompute::Every<2>;
};
struct ExpertsAgain : Few {
  using Recompute = train::recompute::Experts;
};

template <class R>
std::vector<float> weights_after(std::int32_t threads) {
  train::Numbers<R> numbers;
  numbers.losses = {.balance = 0, .bias = 0.25F};
  Limits limits = Sigmoid::limits;
  limits.threads = threads;
  train::Trainer<Sigmoid, R> trainer(shape_of(Architecture::sigmoid_mixtral), 64_MiB, limits, numbers);
  train::initialise(trainer.parameters(), trainer.shape(), {.seed = 1});
  Random random(2);
  for (int step = 0; step < 5; ++step) trainer.step(Rows(random).view(), 10);
  std::vector<float> out;
  for (const train::Parameter& parameter : trainer.parameters())
    out.insert(out.end(), parameter.values().begin(), parameter.values().end());
  return out;
}

}  // namespace

TEST_CASE("threads and what is computed again change no bit of weights and biases") {
  const std::vector<float> expected = weights_after<Few>(1);
  CHECK(weights_after<Few>(3) == expected);
  CHECK(weights_after<Again>(2) == expected);
  CHECK(weights_after<ExpertsAgain>(2) == expected);
}

TEST_CASE("what transformers can't compute is saved under a name of its own, with its bias, and read back") {
  auto trainer = trainer_of<Sigmoid>(Architecture::sigmoid_mixtral, {.balance = 0, .bias = 0.25F});
  worst_after(trainer, 3);
  const test::TemporaryFolder folder;
  test::write_file(
      folder / "config.json",
      R"({"model_type":"mixtral","architectures":["MixtralForCausalLM"],"vocab_size":40,"hidden_size":16,
                       "num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":2,"head_dim":8,
                       "intermediate_size":16,"num_local_experts":8,"num_experts_per_tok":2,
                       "max_position_embeddings":64,"tie_word_embeddings":true,"rope_theta":1e4})");
  const std::string saved = folder / "saved";
  train::save_weights(trainer.parameters(), folder.path(), trainer.shape().architecture, saved);
  const std::string config = file::read_file(saved + "/config.json", 1U << 20U);
  CHECK(config.find("\"sigmoid_mixtral\"") != config.npos);
  CHECK(config.find("MixtralForCausalLM\"]") == config.npos);

  train::Trainer<Sigmoid, Few> again(trainer.shape(), 64_MiB);
  train::load_weights(saved, again);
  bool biased = false;
  for (std::size_t i = 0; i < trainer.parameters().size; ++i) {
    const train::Parameter& before = trainer.parameters()[i];
    const train::Parameter& after = again.parameters()[i];
    CAPTURE(before.name);
    CHECK(std::equal(before.values().begin(), before.values().end(), after.values().begin()));
    biased = biased || (before.kind == train::Kind::bias && before.values()[0] != 0);
  }
  CHECK(biased);
  CHECK_THROWS_WITH_AS((train::Trainer<Softmax, Few>(trainer.shape(), 64_MiB)),
                       doctest::Contains("have a bias, which the Blueprint's Gating does not heed"), Unsupported);
  CHECK_THROWS_WITH_AS((train::Trainer<Sigmoid, Few>(shape_of(Architecture::mixtral), 64_MiB)),
                       doctest::Contains("have no bias, which the Blueprint's Gating wants"), Unsupported);
}

namespace {

struct Full : Softmax {
  using Gating = gating::Switch;
  static Gating gating(const Shape& shape) {
    return {
        static_cast<std::size_t>(shape.experts), static_cast<std::size_t>(shape.top_k), {.capacity_factor = 1}};
  }
};
struct Roomy : Softmax {
  using Gating = gating::Switch;
};

}  // namespace

TEST_CASE("an expert with a capacity answers the first rows, and the report says what was dropped") {
  Shape shape = shape_of(Architecture::mixtral);
  shape.top_k = 1;
  shape.normalised_top_k = false;
  train::Trainer<Full, Few> trainer(shape, 64_MiB);
  train::initialise(trainer.parameters(), shape, {.seed = 1});
  Random random(4);
  const Rows rows(random);
  trainer.clear_gradients();
  const train::PassReport report = trainer.accumulate(rows.view());
  double dropped = 0;
  const std::vector<std::int32_t> load = train::sparse_load(trainer);
  for (const std::int32_t count : load) dropped += std::max(0, count - 16);  // 128 rows, 8 experts
  CHECK(dropped > 0);
  CHECK(report.router.dropped == doctest::Approx(dropped / 256));
  CHECK(trainer.step(rows.view(), 10).norm > 0);
  // Where nothing is learnt nobody is dropped: the loss is that of the same weights without a capacity.
  train::Trainer<Roomy, Few> roomy(shape, 64_MiB);
  for (std::size_t i = 0; i < roomy.parameters().size; ++i) {
    const View<const float> from = trainer.parameters()[i].values();
    std::copy(from.begin(), from.end(), roomy.parameters()[i].values().begin());
  }
  CHECK(trainer.evaluate(rows.view()).loss == roomy.evaluate(rows.view()).loss);
  CHECK(train::gating_text(trainer) != train::gating_text(roomy));
  for (const double factor : {-1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    CHECK_THROWS_AS(gating::Switch(8, 1, {.capacity_factor = factor}), InvalidArgument);
  }
  CHECK(gating::Switch(8, 1, {.capacity_factor = 1e300}).capacity(100) == 100);
  CHECK(gating::Switch(8, 1, {.capacity_factor = 1.25}).capacity(100) == 16);
  CHECK(gating::Switch(8, 1).capacity(100) == 0);
}
