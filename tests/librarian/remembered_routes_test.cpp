// Remembered routes against a plain loop in double; what is refused, and what keeps its bits.
#include "asterism/librarian/remembered_routes.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/constellation/score_hook.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/quant/float32.hpp"

#include "laws/score_hook_laws.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::librarian;
using test::check_error;

namespace {

using Index = index::Flat<quant::Float32>;
using Routes = RememberedRoutes<Index>;
using Values = std::vector<float>;

constexpr std::size_t hidden = 10;
constexpr std::size_t experts = 4;

static_assert(constellation::ScoreHook<RememberedRoutes<>> && constellation::ScoreHook<Routes>);

Routes made(backend::Arena& arena, std::uint32_t rows = 20) {
  std::vector<Index> layers;
  for (int i = 0; i < 2; ++i) layers.emplace_back(arena, knowledge::IndexLimits{.dim = hidden, .rows = rows});
  return {std::move(layers), static_cast<std::int32_t>(experts)};
}

Values random_row(Random& random, std::size_t count) {
  Values row(count);
  for (float& x : row) x = static_cast<float>(random.normal());
  return row;
}

Values random_distribution(Random& random) {
  Values p(experts);
  float sum = 0;
  for (float& x : p) sum += x = 0.01F + static_cast<float>(random.uniform());
  for (float& x : p) x /= sum;
  return p;
}

Values adjusted(Routes& routes, std::int32_t layer, const Values& x, Values scores) {
  routes.adjust(layer, {x.data(), 1, x.size()}, {scores.data(), 1, scores.size()});
  return scores;
}

bool same_bits(const Values& a, const Values& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

double cosine(const Values& a, const Values& b) {
  const auto dot = [](const Values& x, const Values& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

void check_mixture(const Values& found, const Values& scores, const Values& served, double c) {
  double total = 0;
  for (const float score : scores) total += std::exp(double{score});
  for (std::size_t e = 0; e < experts; ++e) {
    const double expected = (1 - c) * std::exp(double{scores[e]}) / total + c * double{served[e]};
    CHECK(std::exp(double{found[e]}) == doctest::Approx(expected).epsilon(1e-5));
  }
}

}  // namespace

TEST_CASE("what served the nearest input counts by its cosine, half at most, in its layer alone") {
  backend::Arena arena(0, 1_MiB);
  Routes routes = made(arena);
  Random random(1);
  std::vector<Values> inputs;
  std::vector<Values> served;
  for (int i = 0; i < 6; ++i) {
    inputs.push_back(random_row(random, hidden));
    served.push_back(random_distribution(random));
    routes.remember(1, inputs.back(), served.back());
  }
  CHECK(routes.size(0) == 0);
  CHECK(routes.size(1) == 6);
  int clamped = 0;
  int between = 0;
  int none = 0;
  for (int round = 0; round < 60; ++round) {
    Values x = random_row(random, hidden);
    if (round % 3 == 0) {
      for (std::size_t c = 0; c < hidden; ++c)
        x[c] = inputs[static_cast<std::size_t>(round) / 3 % 6][c] + 0.3F * x[c];
    }
    if (round % 3 == 1) {  // away from all of them, as far as that goes
      for (std::size_t c = 0; c < hidden; ++c) {
        for (const Values& input : inputs) x[c] -= input[c];
      }
    }
    const Values scores = random_row(random, experts);
    std::size_t nearest = 0;
    for (std::size_t i = 1; i < 6; ++i) {
      if (cosine(inputs[i], x) > cosine(inputs[nearest], x)) nearest = i;
    }
    const double c = std::clamp(cosine(inputs[nearest], x), 0.0, 0.5);
    (c == 0.5 ? clamped : c > 0 ? between : none) += 1;
    const Values found = adjusted(routes, 1, x, scores);
    if (c == 0) {
      CHECK(same_bits(found, scores));
    } else {
      check_mixture(found, scores, served[nearest], c);
    }
    CHECK(same_bits(adjusted(routes, 0, x, scores), scores));
  }
  CHECK(clamped > 5);
  CHECK(between > 5);
  CHECK(none > 0);
}

TEST_CASE("it obeys the laws of score hooks") {
  backend::Arena arena(0, 1_MiB);
  Routes routes = made(arena);
  Random random(2);
  for (int i = 0; i < 10; ++i) routes.remember(i % 2, random_row(random, hidden), random_distribution(random));
  laws::score_hook(routes, 2, hidden, experts);
  Routes empty = made(arena);
  laws::score_hook(empty, 2, hidden, experts);
}

TEST_CASE("listening changes nothing, and keeps a mean of each layer that was heard of") {
  backend::Arena arena(0, 1_MiB);
  Routes routes = made(arena);
  Random random(3);
  const std::uint64_t before = routes.version();
  routes.listen();
  CHECK(routes.listening());
  CHECK(routes.version() != before);
  Values mean(hidden);
  Values served(experts);
  constexpr int rows = 5;
  for (int i = 0; i < rows; ++i) {
    const Values x = random_row(random, hidden);
    const Values scores = random_row(random, experts);
    CHECK(same_bits(adjusted(routes, 1, x, scores), scores));
    double total = 0;
    for (const float score : scores) total += std::exp(double{score});
    for (std::size_t c = 0; c < hidden; ++c) mean[c] += x[c] / rows;
    for (std::size_t e = 0; e < experts; ++e) {
      served[e] += static_cast<float>(std::exp(double{scores[e]}) / total) / rows;
    }
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  adjusted(routes, 1, random_row(random, hidden), Values(experts, nan));  // counts for nothing
  const std::uint64_t heard = routes.version();
  routes.keep();
  CHECK_FALSE(routes.listening());
  CHECK(routes.version() != heard);
  CHECK(routes.size(0) == 0);
  CHECK(routes.size(1) == 1);
  const Values scores = random_row(random, experts);
  check_mixture(adjusted(routes, 1, mean, scores), scores, served, 0.5);
  check_error<InvalidArgument>([&] { routes.keep(); }, {"listen()"});
}

TEST_CASE("inputs and scores without direction or softmax keep their bits") {
  backend::Arena arena(0, 1_MiB);
  Routes routes = made(arena);
  Random random(4);
  const Values x = random_row(random, hidden);
  routes.remember(0, x, random_distribution(random));
  Values scores = random_row(random, experts);
  CHECK_FALSE(same_bits(adjusted(routes, 0, x, scores), scores));
  CHECK(same_bits(adjusted(routes, 0, Values(hidden, 0), scores), scores));
  scores[1] = std::numeric_limits<float>::infinity();
  CHECK(same_bits(adjusted(routes, 0, x, scores), scores));
}

TEST_CASE("what does not fit is refused, and changes nothing") {
  backend::Arena arena(0, 1_MiB);
  Routes routes = made(arena, 1);
  Random random(5);
  const Values x = random_row(random, hidden);
  const Values p = random_distribution(random);
  routes.remember(0, x, p);
  const std::uint64_t version = routes.version();
  const Values scores = random_row(random, experts);
  const Values before = adjusted(routes, 0, x, scores);
  check_error<knowledge::IndexFull>(
      [&] { routes.remember(0, random_row(random, hidden), random_distribution(random)); }, {"1 rows"});
  check_error<knowledge::BadVector>([&] { routes.remember(1, Values(hidden, 0), p); }, {"zeros"});
  check_error<knowledge::BadVector>([&] { routes.remember(1, Values(hidden + 1, 1), p); }, {"11 numbers"});
  check_error<InvalidArgument>([&] { routes.remember(2, x, p); }, {"layer 2", "2 layers"});
  check_error<InvalidArgument>([&] { routes.remember(-1, x, p); }, {"layer -1"});
  for (const Values& wrong : {Values{0.5F, 0.5F}, Values{0.5F, 0.6F, 0, 0}, Values{1.5F, -0.5F, 0, 0},
                              Values{std::numeric_limits<float>::quiet_NaN(), 1, 0, 0}}) {
    check_error<InvalidArgument>([&] { routes.remember(1, x, wrong); }, {"no distribution over 4 experts"});
  }
  check_error<InvalidArgument>([&] { adjusted(routes, 0, x, Values(experts + 1)); }, {"5 experts", "10 and 4"});
  check_error<InvalidArgument>([&] { adjusted(routes, 0, Values(hidden - 1, 1), scores); }, {"9 numbers"});
  CHECK(routes.version() == version);
  CHECK(same_bits(adjusted(routes, 0, x, scores), before));
  const Values other = random_distribution(random);
  routes.remember(1, x, other);  // there is room, and nothing is left of what was refused
  check_mixture(adjusted(routes, 1, x, scores), scores, other, 0.5);
  check_error<InvalidArgument>([&] { Routes(std::vector<Index>(), 4); }, {"0 indexes"});
}
