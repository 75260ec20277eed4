// Mixed distributions against plain sums in double, and what stays as it is.
#include "asterism/librarian/interpolate.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using namespace asterism::librarian;

namespace {

using Scores = std::vector<float>;

Scores mixed(Scores scores, const std::vector<Probability>& p, double share) {
  interpolate(View<float>(scores), View<const Probability>(p), share);
  return scores;
}

bool same_bits(const Scores& a, const Scores& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("scores become logarithms of the mixture") {
  const Scores scores{1.5F, -2, 0, 7, 6.5F};
  const std::vector<Probability> p{{1, 0.75}, {4, 0.25}};
  double total = 0;
  for (const float score : scores) total += std::exp(double{score});
  for (const double share : {1e-6, 0.25, 0.5, 0.999}) {
    const Scores found = mixed(scores, p, share);
    double sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double memory = i == 1 ? 0.75 : i == 4 ? 0.25 : 0;
      const double expected = (1 - share) * std::exp(double{scores[i]}) / total + share * memory;
      CHECK(std::exp(double{found[i]}) == doctest::Approx(expected).epsilon(1e-6));
      sum += std::exp(double{found[i]});
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-6));
  }
}

TEST_CASE("what a float can't hold as a probability still has its logarithm") {
  const Scores found = mixed({500, 0, -400}, {{1, 1}}, 0.5);
  CHECK(found[0] == doctest::Approx(std::log(0.5)));
  CHECK(found[1] == doctest::Approx(std::log(0.5)));
  CHECK(found[2] == doctest::Approx(-900 + std::log(0.5)));
  CHECK(mixed({500, 0}, {{0, 1}, {1, 0}}, 0.5)[1] == doctest::Approx(-500 + std::log(0.5)));
}

TEST_CASE("without a share, without a memory and without a softmax scores keep their bits") {
  const Scores scores{1.5F, -2, 0.1F};
  CHECK(same_bits(mixed(scores, {{1, 1}}, 0), scores));
  CHECK(same_bits(mixed(scores, {}, 0.5), scores));
  for (const float value : {not_a_number, infinity, -infinity}) {
    const Scores broken{1.5F, value, 0.1F};
    CHECK(same_bits(mixed(broken, {{0, 1}}, 0.5), broken));
  }
  CHECK(mixed({}, {{0, 1}}, 0.5).empty());
}

TEST_CASE("zeros and what is not finite have no direction") {
  CHECK(has_direction(Scores{0, 1e-30F}));
  CHECK_FALSE(has_direction(Scores{0, -0.0F}));
  CHECK_FALSE(has_direction(Scores{1, not_a_number}));
  CHECK_FALSE(has_direction(Scores{1, -infinity}));
}
