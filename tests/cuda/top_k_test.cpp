// The choice of experts by many lanes against the gating's own.
#include "asterism/cuda/gating/top_k.hpp"

#include <vector>

#include <doctest/doctest.h>

#include "asterism/gating/softmax_top_k.hpp"

#include "support/rows.hpp"

using namespace asterism;
using gating::Route;

TEST_CASE("the best of all lanes' best, one after the other, is SoftmaxTopK's choice") {
  for (const std::size_t experts : {1U, 8U, 33U, 130U}) {
    const std::size_t top_k = experts < 6 ? experts : 6;
    std::vector<float> probabilities = test::random_row(experts, experts);
    for (float& value : probabilities) value = static_cast<float>(static_cast<int>(value * 4));  // many are equal
    std::vector<Route> expected(top_k);
    gating::SoftmaxTopK(experts, top_k).route(probabilities, expected);
    for (const std::size_t lanes : {1U, 32U}) {
      std::vector<Route> chosen;
      for (std::size_t k = 0; k < top_k; ++k) {
        cuda::Candidate best;
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          // In both orders: what the lanes agree on does not depend on who asks.
          const cuda::Candidate one = cuda::best_of(probabilities, lane, lanes, chosen);
          best = lane % 2 == 0 ? cuda::better(best, one) : cuda::better(one, best);
        }
        CHECK(best.expert == expected[k].expert);
        chosen.push_back({.expert = best.expert, .weight = best.probability});
      }
    }
  }
}
