// What a constellation reports of its experts: whose tokens, how surely, and where they lie.
#include "asterism/librarian/draft.hpp"

#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/archive.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::librarian;
using gating::Route;
using test::check_error;

TEST_CASE("each expert that served reports the weighted mean of its tokens") {
  const std::vector<float> states{1, 0, 0, 2, 4, 4};
  const std::vector<Route> routes{{3, 0.75F}, {1, 0.25F}, {3, 0.25F}, {0, 0.75F}, {1, 1}, {2, 0}};
  const auto reports = draft({states.data(), 3, 2}, {routes.data(), 3, 2}, {.kind = 2, .source = "layer 5"});
  REQUIRE(reports.size() == 3);  // expert 2 served nobody
  CHECK(reports[0].expert == "expert 0");
  CHECK(reports[0].vector == std::vector<float>{0, 2});
  CHECK(reports[0].positions == std::vector<std::size_t>{1});
  CHECK(reports[1].expert == "expert 1");
  CHECK(reports[1].vector == std::vector<float>{(0.25F + 4) / 1.25F, 4 / 1.25F});
  CHECK(reports[1].positions == std::vector<std::size_t>{2, 0});
  CHECK(reports[1].confidence == doctest::Approx(0.625));
  CHECK(reports[2].expert == "expert 3");
  CHECK(reports[2].vector == std::vector<float>{0.75F, 0.5F});
  CHECK(reports[2].confidence == doctest::Approx(0.5));
  CHECK(reports[2].text == "expert 3 served 2 tokens, most of all 0 1");
  for (const Report& report : reports) {
    CHECK(report.kind == 2);
    CHECK(report.source == "layer 5");
  }
}

TEST_CASE("ten positions at most, the surest first, of equal ones the earlier") {
  std::vector<float> states(15, 1);
  std::vector<Route> routes;
  for (std::size_t i = 0; i < 15; ++i) routes.push_back({0, i % 5 == 4 ? 0.9F : 0.5F});
  const auto reports = draft({states.data(), 15, 1}, {routes.data(), 15, 1});
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].positions == std::vector<std::size_t>{4, 9, 14, 0, 1, 2, 3, 5, 6, 7});
  CHECK(reports[0].confidence == doctest::Approx((3 * 0.9 + 12 * 0.5) / 15));
}

TEST_CASE("a librarian files what was drafted") {
  test::Archive<> archive;
  std::vector<float> states(2 * 512, 0);
  states[3] = 1;
  states[512 + 7] = 1;
  const std::vector<Route> routes{{0, 1}, {4, 1}};
  const auto drafted = draft({states.data(), 2, 512}, {routes.data(), 2, 1},
                             {.kind = knowledge::number(test::Ships::NodeKind::note), .source = "layer 5"});
  const Filed filed = archive.librarian.file(View<const Report>(drafted), test::day(1));
  CHECK(filed.count(Outcome::inserted) == 2);
  const auto node = archive.graph.snapshot().node(filed.reports[1].node);
  CHECK(node.value().text == "expert 4 served 1 tokens, most of all 1");
}

TEST_CASE("routes of other tokens and weights that are none are refused; of nothing there is nothing to say") {
  const std::vector<float> states(6, 1);
  std::vector<Route> routes(3, Route{0, 0.5F});
  check_error<InvalidArgument>(
      [&] {
        draft({states.data(), 2, 3}, {routes.data(), 3, 1});
      },
      {"2 states", "routes of 3 tokens"});
  for (const float weight : {-0.5F, 1.5F, std::numeric_limits<float>::quiet_NaN()}) {
    routes[1].weight = weight;
    check_error<InvalidArgument>([&] { draft({states.data(), 3, 2}, {routes.data(), 3, 1}); }, {"token 1"});
  }
  CHECK(draft({}, {}).empty());
}
