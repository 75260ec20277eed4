// AdamW takes torch's steps.
#include "asterism/train/adam_w.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/train/adam_lanes.hpp"

#include "support/levels.hpp"
#include "train/golden_steps.hpp"

using namespace asterism;
using train::AdamW;
using train::Kind;

namespace {

void check_moments(const test::Golden& golden, const std::string& shown, const train::Parameter& parameter) {
  const std::size_t size = parameter.size();
  CHECK(test::relative_difference(test::floats_at(parameter, 0, size), golden.values<float>(shown + "/m")) < 1e-6);
  CHECK(test::relative_difference(test::floats_at(parameter, aligned(size * 4), size),
                                  golden.values<float>(shown + "/v")) < 1e-6);
}

}  // namespace

TEST_CASE("ten steps are torch's, with decay and without") {
  test::golden_steps(AdamW{.rate = 1e-3F}, "adam_w", Kind::expert, true, 1e-6, check_moments);
  test::golden_steps(AdamW{.rate = 1e-3F, .decay = 0.5F}, "adam_w_plain", Kind::vector, false, 1e-6,
                     check_moments);
}

TEST_CASE("the first step of any gradient is the rate, in its direction") {
  const AdamW adam{.rate = 0.5F, .decay = 0};
  std::vector<float> weights = {1, 1, 1};
  std::vector<float> gradient = {3e-4F, -200, 0};
  test::Lines state(AdamW::state_bytes(Kind::vector, 1, 3));
  const train::Parameter parameter{.name = "three",
                                   .weights = {weights.data(), 1, 3},
                                   .gradient = {gradient.data(), 1, 3},
                                   .state = state.view()};
  adam.initialise(parameter);
  parallel::Serial serial;
  adam.update(parallel::ExecutionRef(serial), parameter, 1, adam.rate, {});
  CHECK(weights[0] == doctest::Approx(0.5).epsilon(1e-4));
  CHECK(weights[1] == doctest::Approx(1.5).epsilon(1e-6));
  CHECK(weights[2] == 1.0F);
}

TEST_CASE("each level agrees with a plain loop in double") {
  const train::detail::AdamStep numbers = train::detail::adam_step(0.9F, 0.95F, 1e-8F, 0.01F, 7, 1e-2F);
  for (const simd::Level level : test::levels()) {
    for (const std::size_t size : {1, 3, 4, 7, 8, 9, 64, 67}) {
      std::vector<float> g(size);
      std::vector<float> w(size);
      std::vector<float> m(size);
      std::vector<float> v(size);
      for (std::size_t i = 0; i < size; ++i) {
        const auto x = static_cast<float>(i + 1);
        g[i] = std::sin(x);
        w[i] = std::cos(x);
        m[i] = 0.1F * std::sin(3 * x);
        v[i] = 0.01F * x;
      }
      std::vector<double> expected(size);
      for (std::size_t i = 0; i < size; ++i) {
        const double mean = 0.9 * m[i] + 0.1 * g[i];
        const double square = 0.95 * v[i] + 0.05 * g[i] * g[i];
        expected[i] = w[i] * (1 - 1e-2 * 0.01) - 1e-2 * (mean / (1 - std::pow(0.9, 7))) /
                                                     (std::sqrt(square / (1 - std::pow(0.95, 7))) + 1e-8);
      }
      train::detail::adam(numbers, {g.data(), w.data(), m.data(), v.data(), size}, level);
      for (std::size_t i = 0; i < size; ++i) {
        CAPTURE(simd::name(level));
        CAPTURE(i);
        CHECK(w[i] == doctest::Approx(expected[i]).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("states are eight bytes an element, in whole lines") {
  static_assert(AdamW::state_bytes(Kind::expert, 64, 64) == 32_KiB);
  static_assert(AdamW::state_bytes(Kind::vector, 1, 1) == 128_B);
  static_assert(AdamW::work_bytes(Kind::expert, 64, 64) == 0_B);
}
