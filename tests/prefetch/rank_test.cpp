// Ranking, accuracy and shares against plain sorts.
#include "asterism/prefetch/rank.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::prefetch;

namespace {

/// The members with shares above 0, by a stable sort.
std::vector<std::int32_t> naive_order(const std::vector<float>& shares) {
  std::vector<std::int32_t> order;
  for (std::size_t m = 0; m < shares.size(); ++m) {
    if (shares[m] > 0) order.push_back(static_cast<std::int32_t>(m));
  }
  std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return shares[static_cast<std::size_t>(a)] > shares[static_cast<std::size_t>(b)];
  });
  return order;
}

std::vector<float> some_shares(std::size_t members, Random& random) {
  std::vector<float> shares(members);
  for (float& share : shares) share = static_cast<float>(random.below(5)) / 8;
  return shares;
}

}  // namespace

TEST_CASE("the best members, in lists of any length") {
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const std::vector<float> shares = some_shares(1 + random.below(20), random);
    const std::vector<std::int32_t> order = naive_order(shares);
    for (std::size_t room = 0; room <= shares.size() + 1; ++room) {
      std::vector<Prediction> out(room);
      const std::size_t count = rank(3, shares, out);
      REQUIRE(count == std::min(room, order.size()));
      for (std::size_t k = 0; k < count; ++k) {
        CHECK(out[k].part == PartId{3, order[k]});
        CHECK(out[k].probability == shares[static_cast<std::size_t>(order[k])]);
      }
    }
  }
}

TEST_CASE("accuracy is the part of the used members among the best") {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    const std::vector<float> shares = some_shares(1 + random.below(20), random);
    std::vector<std::int32_t> used;
    for (std::size_t m = 0; m < shares.size(); ++m) {
      if (random.below(3) == 0) used.push_back(static_cast<std::int32_t>(m));
    }
    if (used.empty()) used.push_back(0);
    std::vector<std::int32_t> best = naive_order(shares);
    best.resize(std::min(best.size(), used.size()));
    double hits = 0;
    for (const std::int32_t member : used) hits += std::count(best.begin(), best.end(), member) > 0 ? 1 : 0;
    CHECK(accuracy(shares, used) == doctest::Approx(hits / static_cast<double>(used.size())));
  }
  const std::vector<float> shares = {0.5F, 0.5F};
  CHECK(accuracy(shares, {}) == 0);
  CHECK(accuracy({}, std::vector<std::int32_t>{0}) == 0);
  CHECK(accuracy(shares, std::vector<std::int32_t>{-1, 1, 2}) == doctest::Approx(1.0 / 3));
}

TEST_CASE("shares: of probabilities, of what was used, or none") {
  std::vector<float> out(4);
  const std::vector<std::int32_t> used = {1, 3};
  CHECK(shares_of(std::vector<float>{1, 0.5F, 0.5F, 0}, used, out));
  CHECK(out == std::vector<float>{0.5F, 0.25F, 0.25F, 0});
  const std::vector<std::vector<float>> useless = {{},
                                                   {0, 0, 0, 0},
                                                   {1, 1, 1},
                                                   {1, 1, 1, std::nanf("")},
                                                   {1, 1, 1, -1},
                                                   {std::numeric_limits<float>::infinity(), 0, 0, 0}};
  for (const std::vector<float>& probabilities : useless) {
    CHECK(shares_of(probabilities, used, out));
    CHECK(out == std::vector<float>{0, 0.5F, 0, 0.5F});
    CHECK_FALSE(shares_of(probabilities, {}, out));
    CHECK_FALSE(shares_of(probabilities, std::vector<std::int32_t>{-1, 4}, out));
    CHECK(out == std::vector<float>(4));
  }
  CHECK(shares_of({}, std::vector<std::int32_t>{-1, 2, 2, 9}, out));
  CHECK(out == std::vector<float>{0, 0, 1, 0});
}
