// Log probabilities against a plain loop in double.
#include "asterism/generate/decoding/token_score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"

#include "support/files.hpp"

using namespace asterism;
using generate::score_of;

TEST_CASE("scores are the softmax's logarithms, the best ones first, ties by lower id") {
  Random random(3);
  for (const std::size_t vocabulary : {1, 2, 7, 500}) {
    CAPTURE(vocabulary);
    std::vector<float> logits(vocabulary);
    for (float& logit : logits) logit = static_cast<float>(std::round(random.normal() * 8) / 4);  // with ties
    double sum = 0;
    for (const float logit : logits) sum += std::exp(double{logit});
    std::vector<TokenId> order(vocabulary);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](TokenId a, TokenId b) {
      return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
    });
    const auto expected = [&](TokenId id) {
      return doctest::Approx(double{logits[static_cast<std::size_t>(id)]} - std::log(sum)).epsilon(1e-6);
    };
    for (const std::size_t count : {0, 1, 5, 20}) {
      const auto id = static_cast<TokenId>(random.below(vocabulary));
      const TokenScore score = score_of(logits, id, count);
      CHECK(score.id == id);
      CHECK(score.log_probability == expected(id));
      REQUIRE(score.best.size() == std::min(count, vocabulary));
      for (std::size_t i = 0; i < score.best.size(); ++i) {
        CHECK(score.best[i].id == order[i]);
        CHECK(score.best[i].log_probability == expected(order[i]));
      }
    }
  }
}

TEST_CASE("what is no number has no probability") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    test::check_error<NumericError>([&] { score_of(std::vector<float>{1, bad, 2}, 0, 1); }, {"token 1", "NaN"});
  }
  CHECK(score_of(std::vector<float>{3e38F, -3e38F}, 0, 2).log_probability == 0);
}
