// Random weights: their distribution, and that a seed has the same ones everywhere.
#include "asterism/train/initialise.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/fnv1a.hpp"

#include "trained.hpp"

using namespace asterism;

namespace {

struct Moments {
  double mean = 0;
  double deviation = 0;
  double largest = 0;
};

Moments moments(View<const float> values) {
  Moments out;
  for (const float value : values) out.mean += static_cast<double>(value);
  out.mean /= static_cast<double>(values.size);
  for (const float value : values) {
    const double away = static_cast<double>(value) - out.mean;
    out.deviation += away * away;
    out.largest = std::max(out.largest, std::abs(away));
  }
  out.deviation = std::sqrt(out.deviation / static_cast<double>(values.size));
  return out;
}

bool has(std::string_view name, std::string_view part) { return name.find(part) != std::string_view::npos; }

void check_distribution(const std::string& model) {
  CAPTURE(model);
  auto trainer = test::trained<>(2, model);
  const Shape& shape = trainer.shape();
  train::initialise(trainer.parameters(), shape, {.seed = 3});
  const double residual = 0.5 / std::sqrt(2.0 * shape.layers);
  int residuals = 0;
  for (const train::Parameter& parameter : trainer.parameters()) {
    CAPTURE(parameter.name);
    if (parameter.kind == train::Kind::vector) {
      const float expected = has(parameter.name, "bias") ? 0.0F : 1.0F;
      for (const float value : parameter.values()) REQUIRE(value == expected);
      continue;
    }
    const bool adds =
        has(parameter.name, "o_proj") || has(parameter.name, "down_proj") || has(parameter.name, ".w2.");
    residuals += adds ? 1 : 0;
    double expected = 1 / std::sqrt(static_cast<double>(parameter.weights.cols));
    if (adds) expected *= residual;
    if (parameter.kind == train::Kind::embedding) expected = static_cast<double>(0.02F);
    const Moments found = moments(parameter.values());
    const double error = 6 / std::sqrt(static_cast<double>(parameter.size()));
    CHECK(std::abs(found.mean) < error * expected);
    CHECK(std::abs(found.deviation - expected) < error * expected);
    CHECK(found.largest < 6 * expected);
    CHECK(found.largest > 2 * expected);
  }
  CHECK(residuals >= 2 * shape.layers);
}

std::uint64_t hash_of(const std::vector<float>& weights) {
  Fnv1a hash;
  for (const float value : weights) hash.add_number(std::bit_cast<std::uint32_t>(value));
  return hash.value();
}

std::vector<float> drawn(const train::Initial& initial) {
  auto trainer = test::trained<>();
  train::initialise(trainer.parameters(), trainer.shape(), initial);
  return test::all_weights(trainer);
}

}  // namespace

TEST_CASE("matrices have the deviation that their width asks for, norms are 1, biases 0") {
  for (const char* model : {"plain", "llama_bias_tied", "qwen3_moe_dense_step"}) check_distribution(model);
}

TEST_CASE("a seed has the same bits everywhere, another one others") {
  const std::vector<float> first = drawn({.seed = 1});
  CHECK(first == drawn({.seed = 1}));
  CHECK(first != drawn({.seed = 2}));
  CHECK(hash_of(first) == 1479563150940212730U);
}

TEST_CASE("rows of the embedding share a vector where that is asked for") {
  auto trainer = test::trained<>();
  train::initialise(trainer.parameters(), trainer.shape(), {.embedding = 0.1F, .shared = 0.15F});
  const train::Parameter& embedding = trainer.parameters()[0];
  REQUIRE(embedding.kind == train::Kind::embedding);
  std::vector<float> means(embedding.weights.cols);
  for (std::size_t r = 0; r < embedding.weights.rows; ++r) {
    for (std::size_t c = 0; c < means.size(); ++c) {
      means[c] += embedding.values()[r * means.size() + c] / static_cast<float>(embedding.weights.rows);
    }
  }
  const Moments shared = moments(means);
  CHECK(shared.deviation > 0.1);
  CHECK(shared.deviation < 0.2);
  const double all = moments(embedding.values()).deviation;
  CHECK(std::abs(all * all - shared.deviation * shared.deviation - 0.01) < 0.002);
}

TEST_CASE("a model that was drawn learns to copy") {
  auto trainer = test::trained<>();
  train::initialise(trainer.parameters(), trainer.shape(), {.seed = 7, .embedding = 0.1F, .shared = 0.15F});
  trainer.reset();
  const train::Examples examples = test::copies(40, 100);
  train::Packing packing(examples, {.rows = train::step_rows<test::Short<>>, .batch = 4, .seed = 5});
  double first = 0;
  double last = 0;
  for (int step = 1; step <= 40; ++step) {
    const train::PackedStep packed = packing.next();
    last = trainer.step({packed.tokens, packed.ends, packed.targets, packed.weights}, 40).pass.loss;
    if (step == 1) first = last;
  }
  CHECK(first < 1.5 * std::log(100.0));
  CHECK(last < 0.9 * first);
}

TEST_CASE("what is not the shape's is refused") {
  auto trainer = test::trained<>();
  const View<const train::Parameter> all = trainer.parameters();
  Shape other = trainer.shape();
  other.hidden *= 2;
  CHECK_THROWS_WITH_AS(train::initialise(all, other), doctest::Contains("parameter 0 (model.embed_tokens.weight)"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(train::initialise(all.subview(0, all.size - 1), trainer.shape()),
                       doctest::Contains("parameter "), InvalidArgument);
  CHECK_THROWS_WITH_AS(train::initialise(all, trainer.shape(), {.embedding = 0}),
                       doctest::Contains("expected more than 0"), InvalidArgument);
  CHECK_THROWS_WITH_AS(train::initialise(all, trainer.shape(), {.shared = -1}),
                       doctest::Contains("expected 0 or more"), InvalidArgument);
}
