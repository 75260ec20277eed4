#include "asterism/knowledge/types.hpp"

#include <vector>

#include <doctest/doctest.h>

using namespace asterism;
using namespace asterism::knowledge;

TEST_CASE("a filter allows everything, or what was allowed") {
  const Filter all;
  CHECK(all.everything());
  CHECK(all.allows({0}));
  CHECK(all.allows({4'000'000'000}));
  CHECK(all.count() == 0xFFFFFFFF);

  Filter some = Filter::none();
  CHECK(some.count() == 0);
  CHECK_FALSE(some.allows({0}));
  for (const std::uint32_t id : {63U, 0U, 64U, 700U, 64U}) some.allow({id});
  some.allow(no_node);  // would take half a gigabyte
  CHECK(some.count() == 4);
  CHECK(some.allows({63}));
  CHECK_FALSE(some.allows({62}));
  CHECK_FALSE(some.allows({701}));
  CHECK_FALSE(some.allows({100'000}));
  std::vector<std::uint32_t> ids;
  some.for_each([&](NodeId id) { ids.push_back(id.value); });
  CHECK(ids == std::vector<std::uint32_t>{0, 63, 64, 700});
}

TEST_CASE("what two filters both allow") {
  const std::vector<NodeId> left{{1}, {2}, {200}};
  const std::vector<NodeId> right{{2}, {3}};
  for (const bool swapped : {false, true}) {
    Filter both = Filter::of(View<const NodeId>(swapped ? right : left));
    both &= Filter::of(View<const NodeId>(swapped ? left : right));
    CHECK(both.count() == 1);
    CHECK(both.allows({2}));
    CHECK_FALSE(both.allows({200}));
  }
  Filter filter = Filter::of(View<const NodeId>(left));
  filter &= Filter();
  CHECK(filter.count() == 3);
  Filter all;
  all &= filter;
  CHECK(all.count() == 3);
  CHECK_FALSE(all.everything());
}

TEST_CASE("the order of answers") {
  CHECK(better({{5}, 0.5F}, {{1}, 0.4F}));
  CHECK(better({{1}, 0.5F}, {{5}, 0.5F}));
  CHECK_FALSE(better({{5}, 0.5F}, {{1}, 0.5F}));
  CHECK_FALSE(better({{5}, 0.5F}, {{5}, 0.5F}));
  CHECK(better({{5}, -1.0F}, Hit{}));
}

TEST_CASE("efforts") {
  CHECK(Effort{}.number_or(7) == 7);
  CHECK(Effort::of(3).number_or(7) == 3);
  CHECK(Effort::exact().number_or(7) == 7);
  CHECK(Effort::exact().is_exact());
  CHECK_FALSE(Effort::of(3).is_exact());
}
