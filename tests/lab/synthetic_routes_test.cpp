// Synthetic traces: the same each time, with the statistics that they are made for.
#include "asterism/lab/synthetic_routes.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/cache/hazard.hpp"
#include "asterism/cache/least_recent.hpp"
#include "asterism/core/error.hpp"
#include "asterism/lab/belady.hpp"
#include "asterism/lab/replay.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

/// How often a token's best expert of a layer is chosen `apart` tokens later too.
double again(const RoutingTrace& trace, std::int32_t layer, std::size_t apart) {
  double same = 0;
  const std::size_t tokens = trace.sequences()[0].tokens.size();
  for (std::size_t token = 0; token + apart < tokens; ++token) {
    for (const observe::Choice& choice : trace.at(0, token + apart, layer)) {
      same += choice.expert == trace.at(0, token, layer)[0].expert ? 1 : 0;
    }
  }
  return same / static_cast<double>(tokens - apart);
}

}  // namespace

TEST_CASE("the same arguments give the same trace") {
  SyntheticRoutes routes = synthetic::m;
  const RoutingTrace trace = synthetic_trace(routes, 20, 7);
  CHECK(trace == synthetic_trace(routes, 20, 7));
  CHECK(trace != synthetic_trace(routes, 20, 8));
  CHECK(trace.sizes() == RoutingSizes{32, 8, 2});
  CHECK(trace.sequences()[0].passes == std::vector<std::uint32_t>(20, 1));
  CHECK(trace.guess(0, 3, 2).empty());
  routes.guess_noise = 0;
  const RoutingTrace guessed = synthetic_trace(routes, 20, 7);
  for (std::int32_t layer = 0; layer + 1 < 32; ++layer) {  // without noise the guess is what the next router says
    const View<const float> guess = guessed.guess(0, 3, layer);
    const View<const float> next = guessed.probabilities(0, 3, layer + 1);
    for (std::size_t e = 0; e < 8; ++e) CHECK(guess[e] == next[e]);
  }
  CHECK(guessed.guess(0, 3, 31).empty());
}

TEST_CASE("topics, states and favourites") {
  SyntheticRoutes routes{.sizes = {.layers = 2, .experts = 16, .top_k = 2}};
  const double chance = 2.0 / 16;
  CHECK(again(synthetic_trace(routes, 4000, 1), 1, 1) == doctest::Approx(chance).epsilon(0.1));  // noise alone
  routes.state = 4;
  routes.half_life = 5;
  const RoutingTrace states = synthetic_trace(routes, 4000, 1);
  CHECK(again(states, 1, 1) > 3 * chance);
  CHECK(again(states, 1, 60) == doctest::Approx(chance).epsilon(0.25));
  routes.state = 0;
  routes.topic = 4;
  routes.topic_tokens = 100;
  const RoutingTrace topics = synthetic_trace(routes, 4000, 1);
  CHECK(again(topics, 1, 20) > 3 * chance);
  CHECK(again(topics, 1, 100) < 2 * chance);
  routes.topic = 0;
  routes.bias = 4;
  CHECK(again(synthetic_trace(routes, 4000, 1), 1, 1000) > 3 * chance);
  routes.first_scale = 0;
  CHECK(again(synthetic_trace(routes, 4000, 1), 0, 1000) < 1.2 * chance);
}

TEST_CASE("impossible arguments are refused") {
  SyntheticRoutes routes = synthetic::m;
  routes.topic_tokens = 0;
  CHECK_THROWS_AS(synthetic_trace(routes, 1, 1), InvalidArgument);
  routes = synthetic::m;
  routes.half_life = 0;
  CHECK_THROWS_AS(synthetic_trace(routes, 1, 1), InvalidArgument);
  routes = synthetic::m;
  routes.sizes.top_k = 9;
  CHECK_THROWS_AS(synthetic_trace(routes, 1, 1), InvalidArgument);
}

TEST_CASE(
    "with 40 % of the parts resident Hazard has .69 and .94 of the optimum's hits, the least recently used less") {
  for (const bool many : {false, true}) {
    const SyntheticRoutes& routes = many ? synthetic::q : synthetic::m;
    const RoutingTrace trace = synthetic_trace(routes, many ? 400 : 1000, 1);
    const cache::Parts parts(routes.sizes.layers, routes.sizes.experts, 1_MiB);
    const std::uint64_t slots = parts.size() * 2 / 5;
    const ReplayCounts best = belady(trace, slots);
    const auto share = [&](auto cache) {
      const ReplayCounts counts = replay(trace, cache, [](PartId) { return 1_MiB; });
      return static_cast<double>(counts.hits) / static_cast<double>(best.hits);
    };
    const double hazard = share(cache::Hazard(parts, 1_MiB * slots));
    const double recent = share(cache::LeastRecent(parts, 1_MiB * slots));
    MESSAGE((many ? "Q" : "M"), ": Hazard ", hazard, " of the optimum, LeastRecent ", recent);
    CHECK(hazard >= (many ? .94 : .69));
    CHECK(hazard <= 1);
    CHECK(recent < hazard);
  }
}
