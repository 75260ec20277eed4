// Hnsw obeys the laws of indexes; what they do not know of it.
#include "asterism/knowledge/index/hnsw.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/index/sharded.hpp"

#include "laws/index_laws.hpp"
#include "support/saved_index.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using Graph = index::Hnsw<quant::Float32>;

// hnswlib takes the locks of a graph and of its nodes in either order while it adds, which one thread at a time does
// here. Races, of searches too, are found all the same.
extern "C" const char* __tsan_default_options();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_options() { return "detect_deadlocks=0"; }

namespace {

constexpr std::size_t dim = 32;

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

void insert(Graph& index, const std::vector<NodeId>& ids, const std::vector<float>& vectors) {
  index.insert(View<const NodeId>(ids), MatrixView<const float>(vectors.data(), ids.size(), dim));
}

std::pair<Searched, std::vector<Hit>> search(const Graph& index, const std::vector<float>& queries, std::size_t k,
                                             const Filter& filter = {}, Effort effort = {}) {
  const std::size_t rows = queries.size() / dim;
  std::vector<Hit> out(rows * k);
  const Searched searched = index.search(MatrixView<const float>(queries.data(), rows, dim), k, filter, effort,
                                         MatrixView<Hit>(out.data(), rows, k));
  return {searched, out};
}

/// Share of the exact hits that the graph finds.
double recall(const Graph& index, const std::vector<float>& queries, const Filter& filter = {},
              Effort effort = {}) {
  constexpr std::size_t k = 10;
  const auto found = search(index, queries, k, filter, effort).second;
  const auto wanted = search(index, queries, k, filter, Effort::exact()).second;
  std::size_t same = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (std::size_t j = i / k * k; j < i / k * k + k; ++j) same += found[j] == wanted[i] ? 1 : 0;
  }
  return static_cast<double>(same) / static_cast<double>(wanted.size());
}

}  // namespace

TEST_CASE_TEMPLATE("graphs obey the laws of indexes", I, index::Hnsw<>, Graph, index::Sharded<Graph, 2>) {
  laws::vector_index<I>();
}

TEST_CASE("a graph that is never asked finds what a naive scan finds") {
  laws::exact_equals_naive([](backend::Arena& arena, IndexLimits limits, parallel::ExecutionRef execution) {
    return Graph(arena, limits, execution, {.recall = 2});
  });
}

TEST_CASE("a graph reads few rows, and has the scores of Flat to the bit") {
  Random random(1);
  constexpr std::uint32_t rows = 6000;
  backend::Arena arena(0, 1_GiB);
  Graph index(arena, {.dim = dim, .rows = rows});
  insert(index, some_ids(0, rows), normal(rows, random));
  CHECK(index.trusted());
  CHECK(index.recall() >= 0.95);
  CHECK(index.nodes() == rows);
  const std::vector<float> queries = normal(50, random);
  const Searched searched = search(index, queries, 10).first;
  CHECK_FALSE(searched.exact);
  CHECK(searched.rows_read == 50 * 64);
  CHECK(recall(index, queries) >= 0.9);
  CHECK(recall(index, queries, {}, Effort::of(400)) >= 0.995);
  CHECK(recall(index, queries, {}, Effort::of(10)) < recall(index, queries));
  for (const double share : {0.01, 0.15, 0.5}) {
    Filter filter = Filter::none();
    for (std::uint32_t id = 0; id < rows; ++id) {
      if (random.uniform() < share) filter.allow({id});
    }
    CHECK(recall(index, queries, filter) >= 0.9);
    CHECK(search(index, queries, 10, filter).first.exact == (share < 0.1));
  }
}

TEST_CASE("tombstones are counted, and at 30 % the graph is built again") {
  Random random(2);
  backend::Arena arena(0, 1_GiB);
  Graph index(arena, {.dim = dim, .rows = 1000});
  insert(index, some_ids(0, 1000), normal(1000, random));
  const auto half = some_ids(0, 150);
  CHECK(index.erase(View<const NodeId>(half)) == 150);
  CHECK(index.tombstones() == 150);
  CHECK(index.nodes() == 1000);
  insert(index, some_ids(900, 100), normal(100, random));  // replaced
  CHECK(index.tombstones() == 250);
  CHECK(index.nodes() == 1100);
  const auto more = some_ids(150, 79);
  CHECK(index.erase(View<const NodeId>(more)) == 79);
  CHECK(index.tombstones() == 329);
  const auto last = some_ids(300, 1);
  CHECK(index.erase(View<const NodeId>(last)) == 1);  // 330 of 1100
  CHECK(index.tombstones() == 0);
  CHECK(index.nodes() == 770);
  CHECK(index.size() == 770);
  CHECK(recall(index, normal(20, random)) >= 0.95);
  // Everything replaced again and again never needs more nodes than there are.
  for (int i = 0; i < 5; ++i) insert(index, some_ids(2000, 230), normal(230, random));
  CHECK(index.size() == 1000);
}

TEST_CASE("a graph that finds too little is not asked") {
  Random random(3);
  backend::Arena arena(0, 1_GiB);
  // Two links and no candidates make a poor graph.
  Graph index(arena, {.dim = dim, .rows = 3000}, parallel::ExecutionRef(index::detail::on_the_caller),
              {.m = 2, .ef_construction = 2, .ef = 1});
  insert(index, some_ids(0, 3000), normal(3000, random));
  CHECK(index.recall() < 0.95);
  CHECK_FALSE(index.trusted());
  const std::vector<float> queries = normal(20, random);
  CHECK(search(index, queries, 10).first.exact);  // Flat in float32
  CHECK(recall(index, queries) == 1);
}

TEST_CASE("options out of range are refused, and a graph can be moved") {
  backend::Arena arena(0, 1_GiB);
  const auto make = [&](index::HnswOptions options) {
    return Graph(arena, {.dim = dim, .rows = 10}, parallel::ExecutionRef(index::detail::on_the_caller), options);
  };
  CHECK_THROWS_AS(make({.m = 1}), InvalidArgument);
  CHECK_THROWS_AS(make({.ef_construction = 3}), InvalidArgument);
  CHECK_THROWS_AS(make({.ef = 0}), InvalidArgument);
  CHECK_THROWS_AS(make({.tombstones = 1}), InvalidArgument);
  CHECK_THROWS_AS(make({.probes = 0}), InvalidArgument);
  Random random(4);
  Graph first = make({});
  insert(first, some_ids(0, 8), normal(8, random));
  Graph second(std::move(first));
  insert(second, some_ids(8, 2), normal(2, random));
  CHECK(recall(second, normal(3, random)) == 1);
}

TEST_CASE("a graph is saved and read back") {
  const auto make = [](std::size_t m) {
    return [m](backend::Arena& arena, IndexLimits limits) {
      return index::Hnsw<>(arena, limits, parallel::ExecutionRef(index::detail::on_the_caller), {.m = m});
    };
  };
  test::saved_index(make(16), make(12));
}
