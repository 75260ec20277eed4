// A graph whose index is kept in a file beside its store: taken where it holds the same vectors, else built again.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/index/approximate.hpp"
#include "asterism/knowledge/store/memory.hpp"
#include "asterism/knowledge/store/sqlite.hpp"

#include "support/files.hpp"
#include "support/harbour.hpp"
#include "support/rough_engine.hpp"
#include "support/saved_index.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using index::Restored;

namespace {

constexpr std::size_t dim = 8;
constexpr KnowledgeLimits small{.nodes = 3000, .dim = dim, .edges = 100, .text = Bytes{200'000}};

template <class Store, class Index = index::Approximate<test::Rough, quant::Float32>>
using Graph = KnowledgeGraph<test::Harbour, Index, Store>;
using FileGraph = Graph<store::Sqlite>;

std::vector<float> vector(Random& random) {
  std::vector<float> numbers(dim);
  for (float& number : numbers) number = static_cast<float>(random.normal());
  return numbers;
}
template <class G>
void put_ships(G& graph, std::size_t count, Random& random) {
  for (std::size_t i = 0; i < count; ++i) graph.put({.kind = 0, .name = "ship", .vector = vector(random)});
  graph.commit("ships", {});
}
std::vector<Scored> nearest(const FileGraph& graph) {
  Random random(99);
  const FileGraph::Snapshot snapshot = graph.snapshot();
  return snapshot.search(View<const float>(vector(random)), 10, snapshot.select()).hits;
}

}  // namespace

TEST_CASE("an index is taken from its file until vectors change") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "fleet.db";
  const std::string file = path + ".index";
  backend::Arena arena(0, 1_GiB);
  Random random(1);
  const auto open = [&](bool read_only = false) {
    return FileGraph(arena, small, store::Sqlite(path, {.read_only = read_only}));
  };
  {
    FileGraph graph = open();
    CHECK(graph.restored_index() == Restored::absent);
    CHECK_FALSE(std::filesystem::exists(file));  // there is nothing to save
    put_ships(graph, 300, random);
  }
  std::vector<Scored> hits;
  {
    FileGraph graph = open();  // builds it, and saves it
    CHECK(graph.restored_index() == Restored::absent);
    CHECK(std::filesystem::exists(file));
    hits = nearest(graph);
    CHECK(hits.size() == 10);
  }
  {
    const std::size_t before = test::Rough::added;
    FileGraph graph = open();
    CHECK(graph.restored_index() == Restored::taken);
    CHECK(test::Rough::added == before);  // nothing was built
    CHECK(nearest(graph) == hits);
    put_ships(graph, 20, random);
    graph.put({.id = {5}, .kind = 0, .name = "ship", .vector = vector(random)});
    graph.commit("another vector", {});
    hits = nearest(graph);
  }
  CHECK(open(true).restored_index() == Restored::other_rows);  // and a reader writes nothing
  CHECK_FALSE(open(true).save_index());
  CHECK(open().restored_index() == Restored::other_rows);
  CHECK(open().restored_index() == Restored::taken);
  {
    FileGraph graph = open();
    for (int i = 0; i < 8; ++i) {  // rows of forgotten values are used again
      graph.put({.id = {7}, .kind = 0, .name = "ship", .vector = vector(random)});
      graph.commit("again", {});
    }
    CHECK(graph.save_index());
    hits = nearest(graph);
  }
  {
    FileGraph graph = open();
    CHECK(graph.restored_index() == Restored::taken);
    CHECK(nearest(graph) == hits);
  }
  const std::string sound = test::file_bytes(file);
  test::write_file(file, sound.substr(0, sound.size() / 2));
  {
    FileGraph graph = open();
    CHECK(graph.restored_index() == Restored::damaged);
    CHECK(nearest(graph) == hits);
  }
  CHECK(open().restored_index() == Restored::taken);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);  // can be neither read nor replaced
  {
    FileGraph graph = open();
    CHECK(graph.restored_index() == Restored::absent);
    CHECK(nearest(graph) == hits);
    CHECK_THROWS_AS(graph.save_index(), FileError);
  }
}

TEST_CASE("without a file, or with an index that can't be saved, nothing is written") {
  const test::TemporaryFolder folder;
  backend::Arena arena(0, 1_GiB);
  Random random(1);
  Graph<store::Memory> memory(arena, small);
  put_ships(memory, 50, random);
  CHECK_FALSE(memory.restored_index());
  CHECK_FALSE(memory.save_index());
  const std::string path = folder / "fleet.db";
  Graph<store::Sqlite, index::Flat<>> flat(arena, small, store::Sqlite(path));
  put_ships(flat, 50, random);
  CHECK_FALSE(flat.restored_index());
  CHECK_FALSE(flat.save_index());
  CHECK_FALSE(std::filesystem::exists(path + ".index"));
}
