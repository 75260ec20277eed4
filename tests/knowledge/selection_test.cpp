// The selections made last: found by version, instant and query; the one that was longest not asked for goes.
#include "asterism/knowledge/selection.hpp"

#include <cstdint>
#include <utility>

#include <doctest/doctest.h>

using namespace asterism::knowledge;

namespace {

using Recent = detail::RecentSelections;

Recent::Key key(std::uint64_t version, std::int64_t valid = 0, NodeQuery query = {}) {
  return {{version}, {valid}, std::move(query)};
}

}  // namespace

TEST_CASE("a selection of nothing allows nothing") {
  const Selection none;
  CHECK(none.count() == 0);
  CHECK_FALSE(none.allows({0}));
}

TEST_CASE("a selection is found again by its version, instant and query alone") {
  Recent recent;
  NodeQuery query{.kinds = 3, .source = "log"};
  recent.put(key(1, 5, query), {});
  CHECK(recent.find(key(1, 5, query)).has_value());
  CHECK_FALSE(recent.find(key(2, 5, query)).has_value());
  CHECK_FALSE(recent.find(key(1, 6, query)).has_value());
  for (const auto change : {0, 1, 2, 3}) {
    CAPTURE(change);
    NodeQuery other = query;
    if (change == 0) other.kinds = 1;
    if (change == 1) other.source.reset();
    if (change == 2) other.valid = false;
    if (change == 3) other.merged = true;
    CHECK_FALSE(recent.find(key(1, 5, other)).has_value());
  }
}

TEST_CASE("the selection that was longest not asked for goes first") {
  Recent recent;
  for (std::uint64_t version = 0; version < Recent::most; ++version) recent.put(key(version), {});
  CHECK(recent.find(key(0)).has_value());
  recent.put(key(100), {});
  CHECK(recent.find(key(0)).has_value());
  CHECK_FALSE(recent.find(key(1)).has_value());
  CHECK(recent.find(key(2)).has_value());
}
