// The selections made last: found by version, instant and query; the one that was longest not asked for goes.
#include "asterism/knowledge/selection.hpp"

#include <cstdint>
#include <utility>
#include <vector>

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

TEST_CASE("a selection of an earlier version at the same instant for the same query is found, the newest one") {
  Recent recent;
  recent.put(key(1), {});
  recent.put(key(3), {});
  recent.put(key(5), {});
  recent.put(key(4, 9), {});
  CHECK(recent.before(key(4))->first == Version{3});
  CHECK(recent.before(key(9))->first == Version{5});
  CHECK_FALSE(recent.before(key(1)).has_value());
  CHECK_FALSE(recent.before(key(4, 0, {.kinds = 3})).has_value());
}

TEST_CASE("what commits touched is told from one version to another, as far as all of it is known") {
  detail::RecentChanges changes;
  const auto between = [&](std::uint64_t before, std::uint64_t version) {
    std::vector<std::uint32_t> ids;
    if (!changes.between({before}, {version}, [&](const auto& one) { ids.push_back(one.id.value); })) ids = {999};
    return ids;
  };
  CHECK(between(1, 2) == std::vector<std::uint32_t>{999});
  for (std::uint32_t version = 5; version < 9; ++version) changes.add({version}, {{{version}, 0}});
  CHECK(between(4, 7) == std::vector<std::uint32_t>{5, 6, 7});
  CHECK(between(6, 7) == std::vector<std::uint32_t>{7});
  CHECK(between(3, 7) == std::vector<std::uint32_t>{999});
  changes.add({9}, std::vector<detail::RecentChanges::Touched>(detail::RecentChanges::most - 1));
  CHECK(between(7, 8) == std::vector<std::uint32_t>{8});
  CHECK(between(6, 8) == std::vector<std::uint32_t>{999});
}
