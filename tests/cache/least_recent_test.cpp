// Least recently used against a std::list.
#include "asterism/cache/least_recent.hpp"

#include <algorithm>
#include <list>

#include <doctest/doctest.h>

#include "cache/steps.hpp"

using namespace asterism;
using namespace asterism::cache;

TEST_CASE("hits and victims equal those of a list") {
  for (const std::size_t slots : {4U, 9U, 15U}) {
    LeastRecent cache(Parts(3, 8, 10_B), 10_B * slots);
    std::list<PartId> list;  // least recent first
    std::size_t hits = 0;
    for (const Use& use : passes_to_try(3, 8, 2, 300, slots)) {
      PartIds expected_hits;
      PartIds victims;
      // All of the step become the most recent ones before any leaves: a step's own parts do not.
      std::size_t resident = list.size();
      for (const PartId part : use.step) {
        const auto found = std::find(list.begin(), list.end(), part);
        if (found != list.end()) {
          expected_hits.push_back(part);
          list.erase(found);
          --resident;
        }
        list.push_back(part);
        ++resident;
      }
      while (resident > slots) {
        victims.push_back(list.front());
        list.pop_front();
        --resident;
      }
      const Admission found = pass_through(cache, use);
      REQUIRE(found.hits == expected_hits);
      REQUIRE(found.victims == victims);
      REQUIRE(found.bypassed.empty());
      hits += found.hits.size();
    }
    CHECK((hits == 0) == (slots < 6));  // less than a pass uses: nothing is hit
  }
}

TEST_CASE("within a step, later is more recent") {
  LeastRecent cache(Parts(1, 4, 1_B), 2_B);
  admit(cache, {{0, 2}, {0, 1}});
  CHECK(admit(cache, {{0, 0}}).victims == PartIds{{0, 2}});
  CHECK(admit(cache, {{0, 3}}).victims == PartIds{{0, 1}});
}

TEST_CASE("a new part is never worth less: bypass only where pins leave no room") {
  LeastRecent cache(Parts(1, 4, 1_B), 2_B, {.bypass = true});
  admit(cache, {{0, 0}, {0, 1}});
  CHECK(admit(cache, {{0, 2}}).victims == PartIds{{0, 0}});
  cache.pin({0, 1});
  cache.pin({0, 2});
  CHECK(admit(cache, {{0, 3}}).bypassed == PartIds{{0, 3}});
}
