#include "asterism/knowledge/adjacency.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "edge_list.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using test::EdgeList;

namespace {

struct NoIn {
  std::size_t places() const { return 0; }
  void for_each_out(std::uint32_t, StepVisitor) const {}
};
struct NoPlaces {
  void for_each_out(std::uint32_t, StepVisitor) const {}
  void for_each_in(std::uint32_t, StepVisitor) const {}
};
struct AsksForMore {
  bool operator()(std::size_t, int) const { return true; }
};

static_assert(!Adjacency<NoIn> && !needs::for_each_in<NoIn> && needs::for_each_out<NoIn>);
static_assert(!Adjacency<NoPlaces> && !needs::places<NoPlaces>);
static_assert(Meter<Unlimited> && Meter<test::Budget> && !Meter<AsksForMore>);

}  // namespace

TEST_CASE("a meter is asked before each place, and told of all edges") {
  const EdgeList graph(3, {{0, 1}, {0, 2}, {2, 0}, {1, 1}});
  std::vector<std::size_t> told;
  std::size_t limit = 100;
  auto meter = [&](std::size_t edges) {
    told.push_back(edges);
    return told.size() <= limit;
  };
  std::string seen;
  const auto note = [&](const Step& step) { seen += std::to_string(step.place); };
  SUBCASE("that lets all through") {
    knowledge::detail::Walk walk(graph, meter);
    CHECK(walk.out(0, note));
    CHECK(walk.in(1, note));
    CHECK(walk.out(2, note));
    CHECK(walk.finish());
    CHECK(seen == "12010");
    CHECK(told == std::vector<std::size_t>{0, 2, 2, 1});
  }
  SUBCASE("that stops") {
    limit = 1;
    knowledge::detail::Walk walk(graph, meter);
    CHECK(walk.out(0, note));
    CHECK_FALSE(walk.in(1, note));
    CHECK_FALSE(walk.out(2, note));
    CHECK_FALSE(walk.finish());
    CHECK(seen == "12");
    CHECK(told == std::vector<std::size_t>{0, 2});
  }
}
