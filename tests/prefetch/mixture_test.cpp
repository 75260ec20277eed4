// Who is heard in a mixture, for each sequence and phase.
#include "asterism/prefetch/mixture.hpp"

#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "prefetch/predictions.hpp"

using namespace asterism;
using namespace asterism::prefetch;
using test::asked;
using test::tell;

namespace {

/// Always predicts one member, with all or less of its voice.
template <std::int32_t Member, int Percent = 100>
struct Always {
  static constexpr bool keeps_sequences_apart = true;
  explicit Always(const Extent& extent) : groups(extent.groups) {}
  void observe(const Routing&) {}
  std::size_t predict(std::int32_t group, View<Prediction> out) {
    if (group < 0 || group >= groups || out.empty()) return 0;
    out[0] = {.part = {.group = group, .member = Member}, .probability = Percent / 100.0F};
    return 1;
  }
  std::int32_t groups;
};

constexpr Extent extent{.groups = 2, .members = 4, .sequences = 2};

}  // namespace

TEST_CASE("all are heard alike in the beginning, with the sum of what they say") {
  Mixture<Always<0>, Always<1>> even(extent);
  tell(even, 0, {0});
  CHECK(asked(even, 1, 4) == std::vector<float>{0.5F, 0.5F, 0, 0});
  Mixture<Always<0>, Always<1, 50>> louder(extent);
  tell(louder, 0, {0});
  const std::vector<float> found = asked(louder, 1, 4);
  const double one = 0.7;
  const double half = 0.5 * 0.7 * 0.5 / (1 + 0.5 * std::log(2.0));
  CHECK(double{found[0]} == doctest::Approx(one / (one + half)));
  CHECK(double{found[1]} == doctest::Approx(half / (one + half)));
}

TEST_CASE("who was right is heard, for each sequence and phase by itself") {
  Mixture<Always<0>, Always<1>> mixture(extent);
  const auto run = [&](std::int32_t sequence, Phase phase, std::int32_t used) {
    for (int pass = 0; pass < 100; ++pass) {
      for (const std::int32_t group : {0, 1}) tell(mixture, group, {used}, {.sequence = sequence, .phase = phase});
    }
  };
  run(0, Phase::decode, 0);
  CHECK(mixture.accuracy(0, 0, Phase::decode) == 1);
  CHECK(mixture.accuracy(1, 0, Phase::decode) == 0);
  CHECK(mixture.accuracy(0, 0, Phase::prompt) == 0);
  run(0, Phase::prompt, 1);
  run(1, Phase::decode, 1);
  tell(mixture, 0, {0}, {.sequence = 0, .phase = Phase::decode});
  CHECK(asked(mixture, 1, 4)[0] > 0.98F);
  tell(mixture, 1, {0}, {.sequence = 0, .phase = Phase::prompt});
  CHECK(asked(mixture, 0, 4)[1] > 0.9F);
  tell(mixture, 0, {0}, {.sequence = 1, .phase = Phase::decode});
  CHECK(asked(mixture, 1, 4)[1] > 0.9F);
}

TEST_CASE("a mixture sums to 1, and is at least as good as its members on a rule that one of them learns") {
  constexpr std::int32_t members = 8;
  Adaptive adaptive({.groups = 3, .members = members});
  Random random(1);
  double right = 0;
  for (int pass = 0; pass < 1500; ++pass) {
    std::int32_t used = static_cast<std::int32_t>(random.below(members));
    for (std::int32_t group = 0; group < 3; ++group) {
      if (group > 0) used = (used * 3 + 1) % members;
      if (pass > 0) {
        const std::vector<float> found = asked(adaptive, group, members);
        CHECK(std::accumulate(found.begin(), found.end(), 0.0F) == doctest::Approx(1).epsilon(1e-4));
        if (pass >= 1400 && group > 0) right += accuracy(found, std::vector<std::int32_t>{used});
      }
      tell(adaptive, group, {used});
    }
  }
  CHECK(right >= 190);
}
