// Gating by sigmoids against a naive reference in double.
#include "asterism/gating/sigmoid_top_k.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::gating;

namespace {

/// Affinity plus bias by a stable sort; weights are affinities, divided by their sum if they are to be.
void check_against_naive(const std::vector<float>& scores, const std::vector<float>& bias, std::size_t top_k,
                         bool normalised) {
  const std::size_t experts = scores.size();
  SigmoidTopK policy(experts, top_k, {.normalised = normalised});
  if (!bias.empty()) policy.bind(bias);
  std::vector<float> probabilities = scores;
  std::vector<Route> routes(top_k);
  policy.route(probabilities, routes);

  std::vector<double> affinities;
  for (const float score : scores) affinities.push_back(1 / (1 + std::exp(-static_cast<double>(score))));
  const auto rank = [&](std::size_t e) {
    return affinities[e] + (bias.empty() ? 0 : static_cast<double>(bias[e]));
  };
  std::vector<std::size_t> order(experts);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) > rank(b); });
  const double all = std::accumulate(affinities.begin(), affinities.end(), 0.0);
  double chosen = 1;
  if (normalised) {
    chosen = 0;
    for (std::size_t j = 0; j < top_k; ++j) chosen += affinities[order[j]];
  }
  for (std::size_t j = 0; j < top_k; ++j) {
    CHECK(routes[j].expert == static_cast<std::int32_t>(order[j]));
    CHECK(static_cast<double>(routes[j].weight) == doctest::Approx(affinities[order[j]] / chosen).epsilon(1e-5));
  }
  for (std::size_t e = 0; e < experts; ++e) {
    CHECK(static_cast<double>(probabilities[e]) == doctest::Approx(affinities[e] / all).epsilon(1e-5));
  }
}

}  // namespace

TEST_CASE("choices, weights and probabilities equal the naive reference, with a bias and without") {
  Random random(1);
  for (int i = 0; i < 300; ++i) {
    std::vector<float> scores(1 + random.below(20));
    std::vector<float> bias(scores.size());
    for (float& score : scores) score = static_cast<float>(2 * random.normal());
    for (float& value : bias) value = static_cast<float>(0.3 * random.normal());
    for (std::size_t top_k = 1; top_k <= scores.size(); top_k += 2) {
      for (const bool normalised : {false, true}) {
        check_against_naive(scores, {}, top_k, normalised);
        check_against_naive(scores, bias, top_k, normalised);
      }
    }
  }
}

TEST_CASE("a bias decides who is chosen, and not what they weigh") {
  const std::vector<float> bias{0, 0, 2, 0};
  SigmoidTopK policy(4, 2);
  policy.bind(bias);
  std::vector<float> scores{1, 2, -3, 0};
  std::vector<Route> routes(2);
  policy.route(scores, routes);
  CHECK(routes[0].expert == 2);
  CHECK(routes[1].expert == 1);
  CHECK(routes[0].weight < 0.06F);
  CHECK(routes[0].weight + routes[1].weight == doctest::Approx(1));
}

TEST_CASE("scores far from 0 keep their shares") {
  const SigmoidTopK policy(3, 2);
  std::vector<float> scores{-200, -201, -300};
  std::vector<Route> routes(2);
  policy.route(scores, routes);
  CHECK(routes[0].weight == doctest::Approx(1 / (1 + std::exp(-1.0))).epsilon(1e-5));
  CHECK(scores[1] == doctest::Approx(1 / (1 + std::exp(1.0))).epsilon(1e-5));
  std::vector<float> high{300, 200, 100};
  policy.route(high, routes);
  CHECK(routes[0].weight == 0.5F);
  CHECK(high[2] == doctest::Approx(1.0 / 3).epsilon(1e-5));
}

TEST_CASE("a choice of none, or of more than there are, is refused") {
  CHECK_THROWS_WITH_AS(SigmoidTopK(4, 0), doctest::Contains("can't choose 0 of 4"), InvalidArgument);
  CHECK_THROWS_WITH_AS(SigmoidTopK(4, 5), doctest::Contains("can't choose 5 of 4"), InvalidArgument);
}
