#include "asterism/knowledge/index/best_hits.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using index::BestHits;

// Few values, so that many scores are equal.
TEST_CASE("the best of any offers, in any order") {
  Random random(1);
  for (const std::size_t count : {0U, 1U, 63U, 64U, 65U, 500U}) {
    for (const std::size_t k : {1U, 2U, 7U, 100U}) {
      std::vector<NodeId> ids(count);
      std::vector<float> scores(count);
      std::vector<Hit> expected;
      Filter filter = Filter::none();
      for (std::uint32_t i = 0; i < count; ++i) {
        ids[i] = {static_cast<std::uint32_t>(count) - i};
        scores[i] = static_cast<float>(random.below(30)) - 15;
        if (random.below(3) == 0) continue;
        filter.allow(ids[i]);
        expected.push_back({ids[i], scores[i]});
      }
      std::sort(expected.begin(), expected.end(), better);
      expected.resize(k);

      std::vector<Hit> memory(2 * k,
                              Hit{{1}, 100});  // the second query is offered the same, backwards and one by one
      BestHits best(MatrixView<Hit>(memory.data(), 2, k));
      best.offer(0, View<const NodeId>(ids), View<const float>(scores), filter, simd::level());
      for (std::size_t i = count; i-- > 0;) {
        if (filter.allows(ids[i])) best.offer(1, {ids[i], scores[i]});
      }
      best.sort();
      for (std::size_t i = 0; i < k; ++i) {
        CHECK(best.row(0)[i] == expected[i]);
        CHECK(best.row(1)[i] == expected[i]);
      }
      CHECK(index::found(best.row(0)) == std::min(k, static_cast<std::size_t>(filter.count())));
    }
  }
}

TEST_CASE("what two threads kept") {
  std::vector<Hit> left_memory(4);
  std::vector<Hit> right_memory(4);
  BestHits left(MatrixView<Hit>(left_memory.data(), 2, 2));
  BestHits right(MatrixView<Hit>(right_memory.data(), 2, 2));
  left.offer(0, {{1}, 0.5F});
  right.offer(0, {{2}, 0.7F});
  right.offer(0, {{3}, 0.5F});
  right.offer(1, {{4}, -0.5F});
  left.offer_all(right);
  left.sort();
  CHECK(left_memory == std::vector<Hit>{{{2}, 0.7F}, {{1}, 0.5F}, {{4}, -0.5F}, Hit{}});
}
