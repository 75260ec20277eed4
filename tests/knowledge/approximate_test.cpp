// Approximate over an engine of few lines that says what was asked of it.
#include "asterism/knowledge/index/approximate.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "laws/index_laws.hpp"
#include "support/rough_engine.hpp"
#include "support/saved_index.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

using test::Rough;
using Index = index::Approximate<Rough, quant::Float32>;

Index with(backend::Arena& arena, IndexLimits limits, Rough::Options options) {
  return Index(arena, limits, parallel::ExecutionRef(index::detail::on_the_caller), options);
}

constexpr IndexLimits limits{.dim = test::SomeVectors::dim, .rows = 1000};

std::vector<NodeId> ids_from(std::uint32_t first, std::uint32_t count) {
  std::vector<NodeId> ids;
  for (std::uint32_t i = 0; i < count; ++i) ids.push_back({first + i});
  return ids;
}

/// The first `count` vectors under ids from `first` on.
void insert(Index& index, std::uint32_t first, std::uint32_t count, std::uint64_t seed) {
  const test::SomeVectors vectors(count, seed);
  const std::vector<NodeId> ids = ids_from(first, count);
  index.insert(View<const NodeId>(ids), MatrixView<const float>(vectors.numbers.data(), count, vectors.dim));
}
std::size_t erase(Index& index, std::uint32_t first, std::uint32_t count) {
  const std::vector<NodeId> ids = ids_from(first, count);
  return index.erase(View<const NodeId>(ids));
}
Searched search(const Index& index, std::size_t k, const Filter& filter = {}, Effort effort = {}) {
  const test::SomeVectors query(1, 99);
  std::vector<Hit> out(k);
  const Searched searched = index.search(MatrixView<const float>(query.numbers.data(), 1, query.dim), k, filter,
                                         effort, MatrixView<Hit>(out.data(), 1, k));
  for (const Hit& hit : out) {
    CHECK(hit.id != no_node);
    CHECK(hit.score <= 1.00001F);  // not the engine's
  }
  return searched;
}

}  // namespace

TEST_CASE("any engine obeys the laws of indexes") {
  laws::vector_index<Index>();
  for (const std::size_t hidden : {0, 3}) {
    for (const std::size_t least : {0, 50}) {
      laws::vector_index([&](backend::Arena& arena, IndexLimits sizes, parallel::ExecutionRef execution) {
        return Index(arena, sizes, execution, {.least = least, .hidden = hidden, .recall = 0});
      });
    }
  }
}

TEST_CASE("an engine that has to be trained is built once there are rows enough") {
  backend::Arena arena(0, 1_GiB);
  Index index = with(arena, limits, {.least = 200});
  insert(index, 0, 199, 1);
  CHECK(index.nodes() == 0);
  CHECK_FALSE(index.trusted());
  CHECK(search(index, 5).exact);
  insert(index, 199, 1, 2);
  CHECK(index.nodes() == 200);
  CHECK(index.trusted());
  CHECK(search(index, 5).rows_read == 20);
  insert(index, 200, 100, 3);
  CHECK(index.nodes() == 300);
  CHECK(erase(index, 0, 89) == 89);
  CHECK(index.tombstones() == 89);
  CHECK(erase(index, 89, 1) == 1);  // 90 of 300
  CHECK(index.nodes() == 210);
  CHECK(index.tombstones() == 0);
  CHECK(erase(index, 90, 63) == 63);  // 63 of 210, and 147 left: too few
  CHECK(index.nodes() == 0);
  CHECK_FALSE(index.trusted());
  CHECK(search(index, 5).exact);
}

TEST_CASE("replaced rows become tombstones, and nodes never exceed their room") {
  backend::Arena arena(0, 1_GiB);
  Index index = with(arena, limits, {});
  insert(index, 0, 1000, 1);
  for (std::uint64_t i = 0; i < 20; ++i) {
    insert(index, static_cast<std::uint32_t>(40 * i), 150, i);
    CHECK(index.size() == 1000);
    CHECK(index.nodes() - index.tombstones() == 1000);
    CHECK(index.nodes() <= 1429);
  }
}

TEST_CASE("a poor engine is not asked, until a trial finds it better") {
  backend::Arena arena(0, 1_GiB);
  Index index = with(arena, limits, {.hidden = 2});
  insert(index, 0, 500, 1);
  CHECK(index.recall() < 0.7);
  CHECK(index.recall() > 0.3);
  CHECK_FALSE(index.trusted());
  CHECK(search(index, 5).exact);
  Index asked = with(arena, limits, {.hidden = 2, .recall = 0.3});
  insert(asked, 0, 500, 1);
  CHECK(asked.trusted());
  CHECK_FALSE(search(asked, 5).exact);
}

TEST_CASE("an engine is asked for more until enough are alive and allowed") {
  backend::Arena arena(0, 1_GiB);
  Index index = with(arena, limits, {});
  insert(index, 0, 1000, 1);
  CHECK(search(index, 5).rows_read == 20);
  CHECK(search(index, 30).rows_read == 30);
  CHECK(search(index, 5, {}, Effort::of(50)).rows_read == 50);
  CHECK(search(index, 5, {}, Effort::exact()).exact);
  Filter filter = Filter::none();
  for (std::uint32_t id = 0; id < 1000; id += 4) filter.allow({id});
  CHECK(search(index, 5, filter).rows_read == 20 + 80);
  CHECK(search(index, 60, filter).rows_read == 1000);  // Flat's: 240 were too few
  CHECK(search(index, 5, Filter::of(View<const NodeId>(ids_from(0, 100)))).exact);
}

TEST_CASE("what was built is saved and read back") {
  test::saved_index([](backend::Arena& arena, IndexLimits sizes) { return with(arena, sizes, {}); },
                    [](backend::Arena& arena, IndexLimits sizes) { return with(arena, sizes, {.hidden = 900}); });
}

TEST_CASE("postponed, it is built when asked for") {
  backend::Arena arena(0, 1_GiB);
  Index index = with(arena, limits, {});
  index.postpone();
  insert(index, 0, 100, 1);
  erase(index, 0, 40);
  insert(index, 50, 80, 2);
  CHECK(index.nodes() == 0);
  CHECK(search(index, 5).exact);
  index.build();
  CHECK(index.nodes() == 90);
  CHECK(index.trusted());
  insert(index, 0, 10, 3);
  CHECK(index.nodes() == 100);
}

TEST_CASE("options out of range are refused") {
  backend::Arena arena(0, 1_GiB);
  CHECK_THROWS_AS(with(arena, limits, {.candidates = 0}), InvalidArgument);
  CHECK_THROWS_AS(with(arena, limits, {.tombstones = 0}), InvalidArgument);
  CHECK_THROWS_AS(with(arena, limits, {.tombstones = 0.95}), InvalidArgument);
  CHECK_THROWS_AS(with(arena, limits, {.probes = 0}), InvalidArgument);
  CHECK_THROWS_AS(with(arena, limits, {.recall = -1}), InvalidArgument);
}
