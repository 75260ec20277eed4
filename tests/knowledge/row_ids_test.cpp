#include "asterism/knowledge/index/row_ids.hpp"

#include <cstdint>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using asterism::index::RowIds;

TEST_CASE("a table is at most half full") {
  static_assert(RowIds::places(1) == 16 && RowIds::places(8) == 16 && RowIds::places(9) == 32);
  static_assert(RowIds::places(100'000) == 262'144);
}

// Against a map, with ids whose homes collide, until the table is full, and empty again.
TEST_CASE("ids have the rows of a naive table") {
  for (const std::uint32_t rows : {1U, 5U, 8U, 200U}) {
    std::vector<NodeId> memory(rows);
    std::vector<std::uint32_t> places(RowIds::places(rows));
    RowIds ids(memory, places);
    std::vector<NodeId> expected;
    Random random(rows);
    for (int step = 0; step < 4000; ++step) {
      // Phases in which it grows, and phases in which it shrinks; few ids, so that many are known.
      const NodeId id{static_cast<std::uint32_t>(random.below(2 * rows)) << (random.below(2) * 27)};
      std::uint32_t row = RowIds::none;
      for (std::uint32_t i = 0; i < expected.size(); ++i) row = expected[i] == id ? i : row;
      REQUIRE(ids.find(id) == row);
      if (random.below(10) < (step / 500 % 2 == 0 ? 8U : 2U)) {
        if (row == RowIds::none && expected.size() == rows) continue;
        if (row == RowIds::none) expected.push_back(id);
        REQUIRE(ids.add(id) == (row == RowIds::none ? expected.size() - 1 : row));
      } else if (row != RowIds::none) {
        ids.remove(row);
        expected[row] = expected.back();
        expected.pop_back();
      }
      REQUIRE(ids.size() == expected.size());
      for (std::uint32_t i = 0; i < expected.size(); ++i) REQUIRE(ids.ids()[i] == expected[i]);
    }
    CHECK(ids.capacity() == rows);
  }
}
