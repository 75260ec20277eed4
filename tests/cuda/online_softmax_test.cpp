// Softmax in pieces against softmax in one.
#include "asterism/cuda/attention/online_softmax.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "support/rows.hpp"

using namespace asterism;

TEST_CASE("pieces of any size give the same maximum and sum") {
  for (const float shift : {0.0F, -80.0F, 300.0F}) {
    std::vector<float> scores = test::random_row(100, 9, 20);
    for (float& score : scores) score += shift;
    double total = 0;
    const float most = cuda::largest_of(scores.data(), scores.size());
    for (const float score : scores) {
      CHECK(score <= most);
      total += std::exp(double{score} - double{most});
    }
    for (const std::size_t piece : {1U, 7U, 64U, 100U}) {
      cuda::OnlineSoftmax softmax;
      float weighted = 0;  // a sum that shrinks as those of values do
      for (std::size_t first = 0; first < scores.size(); first += piece) {
        const std::size_t count = std::min(piece, scores.size() - first);
        weighted *= softmax.raise(cuda::largest_of(scores.data() + first, count));
        for (std::size_t i = first; i < first + count; ++i) {
          softmax.total += std::exp(scores[i] - softmax.maximum);
          weighted += std::exp(scores[i] - softmax.maximum);
        }
      }
      CHECK(softmax.maximum == most);
      CHECK(softmax.total == doctest::Approx(total).epsilon(1e-5));
      CHECK(weighted == doctest::Approx(total).epsilon(1e-5));
    }
  }
}
