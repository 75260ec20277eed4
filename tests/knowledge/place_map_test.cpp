#include "asterism/knowledge/place_map.hpp"

#include <cstdint>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using knowledge::PlaceMap;

TEST_CASE("a map of places is as std::map is, in the order of the first") {
  Random random(1);
  for (const std::uint32_t range : {10U, 1'000U, ~std::uint32_t{0}}) {
    PlaceMap<int> map;
    std::map<std::uint32_t, int> naive;
    std::vector<std::uint32_t> order;
    for (int i = 0; i < 5'000; ++i) {
      const auto place = static_cast<std::uint32_t>(~random.below(range));  // the largest ones
      const bool known = naive.count(place) != 0;
      CHECK((map.find(place) != PlaceMap<int>::none) == known);
      if (!known) order.push_back(place);
      const auto [at, fresh] = map.add(place);
      REQUIRE(fresh == !known);
      REQUIRE(map.find(place) == at);
      if (fresh) CHECK(map[at] == 0);
      map[at] += i;
      naive[place] += i;
    }
    REQUIRE(map.size() == naive.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      CHECK(map.entries()[i].place == order[i]);
      CHECK(map.entries()[i].value == naive[order[i]]);
    }
  }
}
