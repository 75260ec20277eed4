// One expert a token, weighted with its probability.
#include "asterism/gating/switch.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"

#include "support/files.hpp"

using namespace asterism;

TEST_CASE("the most probable expert answers, and its probability among all is the weight") {
  const gating::Switch policy(4, 1);
  CHECK(policy.top_k() == 1);
  CHECK_FALSE(policy.normalised());
  std::vector<float> scores = {0.5F, -1, 2, 0};
  double sum = 0;
  for (const float score : scores) sum += std::exp(double{score});
  std::vector<gating::Route> chosen(1);
  policy.route(scores, chosen);
  CHECK(chosen[0].expert == 2);
  CHECK(chosen[0].weight == doctest::Approx(std::exp(2.0) / sum).epsilon(1e-6));
  CHECK(chosen[0].weight == scores[2]);
}

TEST_CASE("several experts are refused, with what takes them") {
  test::check_error<InvalidArgument>([] { gating::Switch(8, 2); }, {"one expert", "2", "SoftmaxTopK"});
}
