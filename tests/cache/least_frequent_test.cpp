// Least frequently used against counts in a map.
#include "asterism/cache/least_frequent.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>

#include <doctest/doctest.h>

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

TEST_CASE("hits and victims equal those of counts, kept for all parts") {
  LeastFrequent cache(Parts(3, 8, 1_B), 9_B);
  std::map<PartId, std::tuple<int, int>> counts;  // uses, and when it was last used
  std::vector<PartId> residents;
  int now = 0;
  for (const Use& use : passes_to_try(3, 8, 2, 300, 5)) {
    PartIds hits;
    PartIds misses;
    PartIds victims;
    for (const PartId part : use.step) {
      counts[part] = {std::get<0>(counts[part]) + 1, ++now};
      (std::find(residents.begin(), residents.end(), part) != residents.end() ? hits : misses).push_back(part);
    }
    for (const PartId miss : misses) {
      if (residents.size() == 9) {
        auto victim = residents.end();
        for (auto at = residents.begin(); at != residents.end(); ++at) {
          if (std::find(use.step.begin(), use.step.end(), *at) != use.step.end()) continue;
          if (victim == residents.end() || counts[*at] < counts[*victim]) victim = at;
        }
        victims.push_back(*victim);
        residents.erase(victim);
      }
      residents.push_back(miss);
    }
    const Admission found = pass_through(cache, use);
    REQUIRE(found.hits == hits);
    REQUIRE(found.victims == victims);
  }
}

TEST_CASE("with bypass, a part used less often than all residents does not enter") {
  LeastFrequent cache(Parts(1, 4, 1_B), 1_B, {.bypass = true});
  const Use often{.group = 0, .used = {0}, .probabilities = {}, .step = {{0, 0}}};
  const Use once{.group = 0, .used = {1}, .probabilities = {}, .step = {{0, 1}}};
  pass_through(cache, often);
  pass_through(cache, often);
  CHECK(pass_through(cache, once).bypassed == PartIds{{0, 1}});
  CHECK(pass_through(cache, once).victims == PartIds{{0, 0}});  // as often, and more recent
}
