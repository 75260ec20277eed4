// A store's vectors are changed for another encoder's as a whole, and a graph then wants that one.
#include "asterism/knowledge/reencode.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/store/database.hpp"
#include "asterism/knowledge/store/sqlite.hpp"
#include "asterism/quant/float32.hpp"

#include "support/files.hpp"
#include "support/harbour.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

using Graph = KnowledgeGraph<test::Harbour, index::Flat<quant::Float32>, store::Sqlite>;

KnowledgeLimits limits(std::uint32_t dim) {
  return {.nodes = 100, .dim = dim, .edges = 100, .text = Bytes{10'000}};
}

Graph open(backend::Arena& arena, const std::string& path, std::uint32_t dim, std::uint64_t encoder) {
  return Graph(arena, limits(dim), store::Sqlite(path), parallel::ExecutionRef(index::detail::on_the_caller),
               {.encoder = encoder});
}

/// A vector's only number that is not 0 is the text's length.
void by_length(View<const std::string_view> texts, MatrixView<float> out) {
  for (std::size_t i = 0; i < texts.size; ++i) {
    for (std::size_t c = 0; c < out.cols; ++c) out(i, c) = c == texts[i].size() ? 1.0F : 0.0F;
  }
}

}  // namespace

TEST_CASE("all vectors are another encoder's, in one version") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "graph.db";
  backend::Arena arena(0, 64_MiB);
  {
    Graph graph = open(arena, path, 8, 1);
    graph.put({.kind = 3, .text = "abc", .vector = {1, 0, 0, 0, 0, 0, 0, 0}});
    graph.put({.kind = 0, .name = "Gull", .vector = {0, 1, 0, 0, 0, 0, 0, 0}});
    graph.put({.kind = 3, .text = "without"});
    graph.commit("", {1});
  }
  {
    store::Sqlite store(path);
    CHECK_THROWS_AS(reencode(store, {16, 2}, [](auto, auto) {}, {2}), BadVector);  // zeros
    CHECK(store.versions().size() == 1);
    CHECK(reencode(store, {16, 2}, by_length, {2}).value == 2);
  }
  {
    store::Sqlite store(path);
    const auto doubled = [](const Node& node) { return node.text + node.text + node.name; };
    CHECK(reencode(store, {16, 2}, by_length, {2}, doubled).value == 3);
    CHECK(store.find(NodeId{0})->vector[6] == 1);
    CHECK(store.find(NodeId{1})->vector[4] == 1);
    CHECK(reencode(store, {16, 2}, by_length, {2}).value == 4);
  }
  CHECK_THROWS_AS(open(arena, path, 8, 1), EncoderMismatch);
  CHECK_THROWS_AS(open(arena, path, 16, 1), EncoderMismatch);
  Graph graph = open(arena, path, 16, 2);
  const auto found = [&](const Graph::Snapshot& snapshot, std::size_t length) {
    std::vector<float> query(16);
    query[length] = 1;
    const Found hits = snapshot.search(View<const float>(query), 1, snapshot.select());
    return hits.hits.empty() ? no_node : hits.hits[0].id;
  };
  CHECK(found(graph.snapshot(), 3) == NodeId{0});
  CHECK(found(graph.snapshot(), 4) == NodeId{1});
  CHECK(found(graph.as_of(latest, {1}), 3) == no_node);  // its vectors are the other encoder's
  CHECK(graph.as_of(latest, {1}).node({0})->text == "abc");
  CHECK_THROWS_AS(graph.rollback({1}, {3}), InvalidArgument);
}

TEST_CASE("twice is once") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "graph.db";
  backend::Arena arena(0, 64_MiB);
  {
    Graph graph = open(arena, path, 8, 1);
    graph.put({.kind = 3, .text = "abc", .vector = {1, 0, 0, 0, 0, 0, 0, 0}});
    graph.commit("", {1});
  }
  for (int i = 0; i < 2; ++i) {
    store::Sqlite store(path);
    reencode(store, {16, 2}, by_length, {2});
  }
  const Graph graph = open(arena, path, 16, 2);
  std::vector<float> query(16, 1.0F);
  const auto snapshot = graph.snapshot();
  CHECK(snapshot.search(View<const float>(query), 1, snapshot.select()).hits.size() == 1);
}

TEST_CASE("salvage leaves out what is damaged, and lists it") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "graph.db";
  backend::Arena arena(0, 64_MiB);
  {
    Graph graph = open(arena, path, 8, 1);
    const NodeId ship = graph.put({.kind = 0, .name = "Gull"});
    const NodeId port = graph.put({.kind = 1, .name = "Port"});
    graph.link({.from = ship, .kind = 0, .to = port});
    graph.commit("", {1});
  }
  {
    store::Database database(path, store::Database::Access::write);
    database.run("UPDATE node SET name = 'Gulp' WHERE id = 0");
  }
  CHECK_THROWS_AS(open(arena, path, 8, 1), CorruptStore);
  const Graph graph(arena, limits(8), store::Sqlite(path), parallel::ExecutionRef(index::detail::on_the_caller),
                    {.encoder = 1, .salvage = true});
  CHECK(graph.left_out().size() >= 2);  // the ship, and the edge that leaves it
  CHECK_FALSE(graph.snapshot().node({0}));
  CHECK(graph.snapshot().find("port") == std::vector<NodeId>{{1}});
  CHECK(graph.snapshot().statistics().edges[0] == 0);
}
