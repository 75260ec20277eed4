// Mixtral's gating against a naive reference in double.
#include "asterism/gating/softmax_top_k.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::gating;

namespace {

// Probabilities of all experts, the k best by a stable sort, divided by their sum if they are to be.
std::vector<Route> naive(const std::vector<float>& scores, std::size_t top_k, SoftmaxTopKOptions options) {
  std::vector<double> logits;
  for (const float score : scores) logits.push_back(double{score} / double{options.temperature});
  double total = 0;
  for (const double logit : logits) total += std::exp(logit);
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  double chosen = 0;
  for (std::size_t i = 0; i < top_k; ++i) chosen += std::exp(logits[order[i]]) / total;
  if (!options.normalised) chosen = 1;
  std::vector<Route> routes;
  for (std::size_t i = 0; i < top_k; ++i) {
    const double weight = std::exp(logits[order[i]]) / total / chosen;
    routes.push_back({.expert = static_cast<std::int32_t>(order[i]), .weight = static_cast<float>(weight)});
  }
  return routes;
}

void check_against_naive(const std::vector<float>& logits, std::size_t top_k, SoftmaxTopKOptions options = {}) {
  const SoftmaxTopK policy(logits.size(), top_k, options);
  std::vector<float> overwritten = logits;
  std::vector<Route> routes(top_k);
  policy.route(overwritten, routes);
  const std::vector<Route> expected = naive(logits, top_k, options);
  for (std::size_t i = 0; i < top_k; ++i) {
    CHECK(routes[i].expert == expected[i].expert);
    CHECK(std::fabs(routes[i].weight - expected[i].weight) < 2e-6);
  }
}

}  // namespace

TEST_CASE("choices and weights equal the naive reference") {
  Random random(1);
  for (int i = 0; i < 500; ++i) {
    std::vector<float> logits(1 + random.below(20));
    for (float& logit : logits) logit = static_cast<float>(2 * random.normal());
    for (std::size_t top_k = 1; top_k <= logits.size(); ++top_k) check_against_naive(logits, top_k);
  }
}

TEST_CASE("weights that are not normalised, and temperatures") {
  Random random(3);
  for (int i = 0; i < 300; ++i) {
    std::vector<float> logits(1 + random.below(20));
    for (float& logit : logits) logit = static_cast<float>(2 * random.normal());
    const std::size_t top_k = 1 + random.below(logits.size());
    check_against_naive(logits, top_k, {.normalised = false});
    check_against_naive(logits, top_k, {.temperature = 0.25F});
    check_against_naive(logits, top_k, {.normalised = false, .temperature = 3});
  }
  const SoftmaxTopK policy(4, 2, {.normalised = false, .temperature = 2});
  CHECK_FALSE(policy.normalised());
  CHECK(policy.temperature() == 2);
  CHECK(SoftmaxTopK(4, 2).normalised());
  for (const float temperature : {0.0F, -1.0F, std::nanf("")}) {
    CHECK_THROWS_WITH_AS(SoftmaxTopK(4, 2, {.temperature = temperature}),
                         doctest::Contains("expected a number above 0"), InvalidArgument);
  }
}

TEST_CASE("ten of 512: the best at the end, at the beginning, anywhere") {
  Random random(4);
  for (int i = 0; i < 60; ++i) {
    std::vector<float> logits(512);
    for (std::size_t e = 0; e < logits.size(); ++e) {
      const float rising = 0.01F * static_cast<float>(e);
      logits[e] = i == 0 ? rising : i == 1 ? -rising : static_cast<float>(random.normal());
    }
    check_against_naive(logits, 10);
  }
}

TEST_CASE("ties go to the lower expert wherever the equal scores lie") {
  Random random(2);
  for (int i = 0; i < 500; ++i) {
    std::vector<float> logits(1 + random.below(40));
    for (float& logit : logits) logit = static_cast<float>(random.below(3));
    for (std::size_t top_k = 1; top_k <= logits.size(); top_k += 3) check_against_naive(logits, top_k);
  }
}

TEST_CASE("the logits become probabilities") {
  std::vector<float> logits{std::log(1.0F), std::log(2.0F), std::log(5.0F)};
  std::vector<Route> routes(2);
  SoftmaxTopK(3, 2).route(logits, routes);
  CHECK(logits[0] == doctest::Approx(0.125));
  CHECK(logits[1] == doctest::Approx(0.25));
  CHECK(logits[2] == doctest::Approx(0.625));
  CHECK(routes[0].expert == 2);
  CHECK(routes[0].weight == doctest::Approx(5.0 / 7));
  CHECK(routes[1].expert == 1);
  CHECK(routes[1].weight == doctest::Approx(2.0 / 7));
}

TEST_CASE("one sure expert takes all") {
  std::vector<float> logits{-1e30F, 500.0F, -500.0F, 0.0F};
  std::vector<Route> routes(2);
  SoftmaxTopK(4, 2).route(logits, routes);
  CHECK(routes[0] == Route{.expert = 1, .weight = 1.0F});
  CHECK(routes[1].weight < 1e-37F);
}

TEST_CASE("impossible counts are refused") {
  struct Case {
    std::size_t experts;
    std::size_t top_k;
  };
  for (const Case one : {Case{8, 0}, Case{8, 9}, Case{0, 1}, Case{0, 0}}) {
    std::string message;
    try {
      const SoftmaxTopK policy(one.experts, one.top_k);
    } catch (const InvalidArgument& error) {
      message = error.what();
    }
    CHECK(message == concat("a router can't choose ", one.top_k, " of ", one.experts, " experts"));
  }
}
