// S3-FIFO against the algorithm of its paper, for parts of one size.
#include "asterism/cache/s3_fifo.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

namespace {

/// Algorithm 1 of the paper in its own words: front is the tail. As its text says, the count is cleared when a part
/// moves to M, G has as many entries as M, and a part leaves G when it enters M.
struct Paper {
  std::size_t cache_size;
  std::size_t small_size = cache_size / 10;
  std::size_t main_size = cache_size - small_size;
  std::deque<int> S{}, M{}, G{};
  std::map<int, int> freq{};
  std::vector<int> evicted{};

  static bool in(const std::deque<int>& queue, int x) {
    return std::find(queue.begin(), queue.end(), x) != queue.end();
  }

  bool read(int x) {
    evicted.clear();
    if (in(S, x) || in(M, x)) {
      freq[x] = std::min(freq[x] + 1, 3);
      return true;
    }
    while (S.size() + M.size() == cache_size) evict();
    if (in(G, x)) {
      G.erase(std::find(G.begin(), G.end(), x));
      M.push_back(x);
    } else {
      S.push_back(x);
    }
    freq[x] = 0;
    return false;
  }
  void evict() {
    if (S.size() >= small_size && !S.empty()) {
      evict_s();
    } else {
      evict_m();
    }
  }
  void evict_s() {
    while (!S.empty() && S.size() + M.size() == cache_size) {
      const int t = S.front();
      S.pop_front();
      if (freq[t] > 1) {
        freq[t] = 0;
        M.push_back(t);
        if (M.size() > main_size) evict_m();
      } else {
        G.push_back(t);
        if (G.size() > main_size) G.pop_front();
        evicted.push_back(t);
      }
    }
  }
  void evict_m() {
    for (bool done = false; !done && !M.empty();) {
      const int t = M.front();
      M.pop_front();
      if (freq[t] > 0) {
        M.push_back(t);
        --freq[t];
      } else {
        evicted.push_back(t);
        done = true;
      }
    }
  }
};

}  // namespace

TEST_CASE("hits and victims equal those of the paper's algorithm") {
  for (const std::size_t slots : {1U, 5U, 10U, 20U, 40U}) {
    S3Fifo cache(Parts(1, 60, 7_B), 7_B * slots);
    Paper paper{.cache_size = slots};
    // Of bytes: a tenth of the capacity may be half a part.
    const std::uint64_t tenth = 7 * slots / 10;
    paper.small_size = (tenth + 6) / 7;
    paper.main_size = (7 * slots - tenth) / 7;
    Random random(slots);
    int hits = 0;
    for (int i = 0; i < 20000; ++i) {
      // Some popular ones, with scans over all between them.
      const auto x = static_cast<int>(i % 500 < 60 ? i % 500 : std::min(random.below(60), random.below(60)));
      const bool hit = paper.read(x);
      const Admission found = admit(cache, {{0, x}});
      REQUIRE(found.hits.size() == (hit ? 1 : 0));
      REQUIRE(found.victims.size() == paper.evicted.size());
      for (std::size_t v = 0; v < found.victims.size(); ++v) REQUIRE(found.victims[v].member == paper.evicted[v]);
      hits += hit ? 1 : 0;
    }
    CHECK(hits > 200);
  }
}

TEST_CASE("what is used once leaves soon; what was used twice stays through a scan") {
  S3Fifo cache(Parts(1, 100, 1_B), 20_B);
  for (int round = 0; round < 3; ++round) {
    for (std::int32_t m = 0; m < 10; ++m) admit(cache, {{0, m}});
  }
  for (std::int32_t m = 20; m < 100; ++m) admit(cache, {{0, m}});
  for (std::int32_t m = 0; m < 10; ++m) CHECK(cache.contains({0, m}));
}
