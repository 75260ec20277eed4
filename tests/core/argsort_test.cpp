#include "asterism/core/argsort.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("an order lists indexes, the first thing's first") {
  const std::vector<std::string> names = {"c", "a", "d", "b"};
  const auto order = argsort(names.size(), [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
  CHECK(order == std::vector<std::size_t>{1, 3, 0, 2});
  CHECK(argsort(0, [](std::size_t, std::size_t) { return false; }).empty());
  CHECK(argsort(1, [](std::size_t, std::size_t) { return false; }) == std::vector<std::size_t>{0});
}

TEST_CASE("equal things all stay in the order") {
  std::vector<int> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i * 7919 % 13);
  const auto order = argsort(values.size(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<bool> seen(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0) CHECK(values[order[i - 1]] <= values[order[i]]);
    CHECK(!seen[order[i]]);
    seen[order[i]] = true;
  }
}

TEST_CASE("things that can only be moved are put in order") {
  std::vector<std::unique_ptr<int>> items;
  for (int i = 0; i < 3; ++i) items.push_back(std::make_unique<int>(i));
  const auto ordered = permuted(std::move(items), {2, 0, 1});
  REQUIRE(ordered.size() == 3);
  CHECK(*ordered[0] == 2);
  CHECK(*ordered[1] == 0);
  CHECK(*ordered[2] == 1);
}
