// Keys sort as hits rank.
#include "asterism/cuda/knowledge/ranked.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using cuda::rank_key;
using cuda::Ranked;

TEST_CASE("a better hit has the greater key, and the key tells the hit") {
  std::vector<Ranked> hits;
  for (const float score : {-INFINITY, -1.5F, -1.0F, -1e-40F, 0.0F, 1e-40F, 0.25F, 0.9999999F, 1.0F, INFINITY}) {
    for (const std::uint32_t id : {4'294'967'294U, 2'147'483'648U, 7U, 0U})
      hits.push_back({id, score});  // ascending
  }
  std::uint64_t last = 0;  // nothing
  for (const Ranked& hit : hits) {
    const std::uint64_t key = rank_key(hit.id, hit.score);
    CHECK(key > last);
    CHECK(cuda::ranked_of(key) == hit);
    last = key;
  }
  CHECK(rank_key(3, -0.0F) == rank_key(3, 0.0F));
  CHECK(cuda::ranked_of(0) == Ranked{});
  CHECK(Ranked{}.id == Ranked::none);
}
