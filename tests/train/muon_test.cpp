// Muon's updates are nearly orthogonal, and those of torch but for its bfloat16.
#include "asterism/train/muon.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "train/golden_steps.hpp"

using namespace asterism;
using train::Kind;
using train::Muon;
using train::MuonScale;

namespace {

void check_momentum(const test::Golden& golden, const std::string& shown, const train::Parameter& parameter) {
  CHECK(test::relative_difference(test::floats_at(parameter, 0, parameter.size()),
                                  golden.values<float>(shown + "/momentum")) < 1e-6);
}

}  // namespace

TEST_CASE("ten steps are the reference's: more columns than rows, more rows than columns, as many") {
  const Muon matched{.rate = 1e-3F};
  test::golden_steps(matched, "muon_wide", Kind::attention, true, 1e-6, check_momentum);
  test::golden_steps(matched, "muon_tall", Kind::attention, true, 1e-6, check_momentum);
  test::golden_steps(Muon{.rate = 1e-3F, .scale = MuonScale::one}, "muon_square", Kind::attention, true, 1e-6,
                     check_momentum);
}

TEST_CASE("all but attention takes AdamW's steps, at AdamW's rate") {
  const Muon muon{.rate = 1e-2F, .others = {.rate = 1e-3F}};
  const auto ignore = [](const test::Golden&, const std::string&, const train::Parameter&) {};
  // The golden rates are 1e-3 t / 10 of a peak of 1e-3: here the peak is 1e-2, so that AdamW is given a tenth.
  test::golden_steps(Muon{.rate = 1e-3F, .others = {.rate = 1e-3F}}, "adam_w", Kind::expert, true, 1e-6, ignore);
  std::vector<float> weights = {1};
  std::vector<float> gradient = {1};
  test::Lines state(Muon::state_bytes(Kind::router, 1, 1));
  const train::Parameter parameter{.name = "one",
                                   .weights = {weights.data(), 1, 1},
                                   .gradient = {gradient.data(), 1, 1},
                                   .state = state.view(),
                                   .decays = false,
                                   .kind = Kind::router};
  muon.initialise(parameter);
  parallel::Serial serial;
  muon.update(parallel::ExecutionRef(serial), parameter, 1, 0.5F * muon.rate, {});
  CHECK(weights[0] == doctest::Approx(1 - 0.5e-3).epsilon(1e-7));
}

TEST_CASE("the update of a matrix of several tiles has singular values near one") {
  constexpr std::size_t rows = 130;
  constexpr std::size_t cols = 300;
  std::vector<float> weights(rows * cols);
  std::vector<float> gradient(rows * cols);
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = std::sin(static_cast<float>(i * i % 9973));
  test::Lines state(Muon::state_bytes(Kind::attention, rows, cols));
  test::Lines work(Muon::work_bytes(Kind::attention, rows, cols));
  const train::Parameter parameter{.name = "q",
                                   .weights = {weights.data(), rows, cols},
                                   .gradient = {gradient.data(), rows, cols},
                                   .state = state.view(),
                                   .kind = Kind::attention};
  const Muon muon{.rate = 1, .scale = MuonScale::one};
  muon.initialise(parameter);
  parallel::Serial serial;
  muon.update(parallel::ExecutionRef(serial), parameter, 1, 1.0F, work.view());
  // The trace of X X^T is the sum of the squares of the singular values, each between 0.5 and 1.5.
  double trace = 0;
  for (const float x : weights) trace += double{x} * double{x};
  CHECK(trace > 0.5 * rows);
  CHECK(trace < 1.5 * rows);
}

TEST_CASE("its operations") {
  CHECK(Muon::operations(2, 3) == 5 * (2 * 2 * 2 * 3 + 2 * 2 * 2 * 2 + 2 * 2 * 2 * 3));
  CHECK(Muon::operations(3, 2) == Muon::operations(2, 3));
}
