// What the laws of indexes do not know of Sharded.
#include "asterism/knowledge/index/sharded.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/error.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using Exact = index::Flat<quant::Float32>;
using Three = index::Sharded<Exact, 3>;

namespace {

constexpr std::size_t dim = 8;

std::vector<float> normal(std::size_t count, Random& random) {
  std::vector<float> values(count * dim);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

std::vector<NodeId> some_ids(std::uint32_t first, std::uint32_t count) {
  std::vector<NodeId> ids;
  for (std::uint32_t i = 0; i < count; ++i) ids.push_back({first + i});
  return ids;
}

template <class I>
void insert(I& index, const std::vector<NodeId>& ids, const std::vector<float>& vectors) {
  index.insert(View<const NodeId>(ids), MatrixView<const float>(vectors.data(), ids.size(), dim));
}

}  // namespace

TEST_CASE("the sum of its shards, and a table") {
  constexpr IndexLimits limits{.dim = dim, .rows = 100};
  static_assert(Three::bytes(limits).count == 3 * Exact::bytes({.dim = dim, .rows = 34}).count + 448 + 1024 + 128);
  backend::Arena arena(0, 1_GiB);
  const Three index(arena, limits);
  CHECK(index.bytes() == Three::bytes(limits));
  CHECK(arena.used() == index.bytes());
}

TEST_CASE("new ids go to the emptiest shard, and known ones stay") {
  Random random(1);
  backend::Arena arena(0, 1_GiB);
  Three index(arena, {.dim = dim, .rows = 90});
  const auto sizes = [&] {
    return std::vector<std::size_t>{index.shard(0).size(), index.shard(1).size(), index.shard(2).size()};
  };
  insert(index, some_ids(0, 60), normal(60, random));
  CHECK(sizes() == std::vector<std::size_t>{20, 20, 20});
  insert(index, some_ids(0, 60), normal(60, random));
  CHECK(sizes() == std::vector<std::size_t>{20, 20, 20});
  // All of one shard go; what comes fills it again, though every id would belong elsewhere by its number.
  std::vector<NodeId> every_third;
  for (std::uint32_t i = 0; i < 60; i += 3) every_third.push_back({i});
  CHECK(index.erase(View<const NodeId>(every_third)) == 20);
  CHECK(sizes() == std::vector<std::size_t>{0, 20, 20});
  std::vector<NodeId> fresh;
  for (std::uint32_t i = 0; i < 50; ++i) fresh.push_back({100 + 3 * i + 1});
  insert(index, fresh, normal(50, random));
  CHECK(sizes() == std::vector<std::size_t>{30, 30, 30});
  CHECK_THROWS_AS(insert(index, {{7000}}, normal(1, random)), IndexFull);
}

TEST_CASE("shards together answer as one") {
  Random random(2);
  backend::Arena arena(0, 1_GiB);
  Three three(arena, {.dim = dim, .rows = 500});
  Exact one(arena, {.dim = dim, .rows = 500});
  const std::vector<float> vectors = normal(500, random);
  insert(three, some_ids(0, 500), vectors);
  insert(one, some_ids(0, 500), vectors);
  std::vector<Hit> found(5 * 7);
  std::vector<Hit> wanted(5 * 7);
  const std::vector<float> queries = normal(5, random);
  const MatrixView<const float> view(queries.data(), 5, dim);
  const Searched searched = three.search(view, 7, {}, {}, MatrixView<Hit>(found.data(), 5, 7));
  one.search(view, 7, {}, {}, MatrixView<Hit>(wanted.data(), 5, 7));
  CHECK(found == wanted);
  CHECK(searched.exact);
  CHECK(searched.rows_read == 500);
  Three moved(std::move(three));
  moved.search(view, 7, {}, {}, MatrixView<Hit>(found.data(), 5, 7));
  CHECK(found == wanted);
}
