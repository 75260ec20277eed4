// What is computed from answers: scores, perplexity, bytes, speed and its range.
#include "asterism/lab/evaluation.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "lab/written_evaluations.hpp"

using namespace asterism;
using lab::Question;

TEST_CASE("weights are what is neither cache nor workspace, on all devices") {
  CHECK(test::two_evaluations()[0].weights() == 4_MiB);
}

TEST_CASE("states of linear attention count as cache, not as weights") {
  placement::Plan plan = test::written_plan();
  plan.placed[plan.placed_count++] = {.run = {placement::PartKind::state, LayerSet::range(0, 1), 1, 3_MiB},
                                      .device = 0};
  const std::vector<lab::DeviceBytes> devices = lab::device_bytes(plan);
  CHECK(devices[0].weights == 2_MiB);
  CHECK(devices[0].kv_cache == 4_MiB);
  CHECK(devices[0].all() == plan.peak(0));
}

TEST_CASE("speed: all tokens by all seconds, and the slowest and fastest fifth of the questions") {
  const lab::Evaluation evaluation = test::two_evaluations()[0];
  const lab::Speed prefill = evaluation.prefill_speed();
  CHECK(prefill.all == doctest::Approx(1200 / 0.6));
  CHECK(prefill.slowest == doctest::Approx(1000));
  CHECK(prefill.fastest == doctest::Approx(4000));
  lab::Evaluation many;
  for (int i = 1; i <= 100; ++i) many.answers.push_back({.text = {}, .decode = {10, i <= 20 ? 0.1 : 0.01}});
  CHECK(many.decode_speed().slowest == doctest::Approx(100));
  CHECK(many.decode_speed().fastest == doctest::Approx(1000));
  CHECK(many.prefill_speed().all == 0);
  CHECK(many.prefill_speed().slowest == 0);
}

TEST_CASE("a question without a known answer is right or wrong, but its tokens are scored") {
  const lab::Evaluation evaluation = test::two_evaluations()[0];
  std::vector<Question> questions = test::written_questions();
  questions[3].answer.clear();
  const auto all = [](const Question&) { return true; };
  CHECK(evaluation.score(questions, all) == lab::Score{3, 3});
  CHECK(evaluation.perplexity(questions, all) == doctest::Approx(std::exp(3.0 / 8)));
  CHECK(evaluation.perplexity(questions, [](const Question&) { return false; }) == 1);
}
