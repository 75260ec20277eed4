// A graph whose disk is full, wherever in a commit that is: it stands at its last version, and what waited is committed
// once there is room.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/store/sqlite.hpp"
#include "asterism/quant/float32.hpp"

#include "support/files.hpp"
#include "support/harbour.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

using Graph = KnowledgeGraph<test::Harbour, index::Flat<quant::Float32>, store::Sqlite>;

constexpr KnowledgeLimits limits{.nodes = 2000, .dim = 64, .edges = 2000, .text = Bytes{4'000'000}};

/// Version v says its number in each of 20 nodes.
void write(Graph& graph, std::uint64_t v) {
  for (std::uint32_t i = 0; i < 20; ++i) {
    Node node{.kind = 3, .text = "version " + std::to_string(v) + std::string(400, 'x')};
    if (v > 1) node.id = {i};
    node.vector.assign(64, 0.0F);
    node.vector[v % 64] = 1;
    graph.put(std::move(node));
  }
  graph.set_use({.node = {1}, .count = v, .last = {static_cast<std::int64_t>(v)}});
}

/// True if a snapshot says version v, by its nodes, words and vectors.
bool says(const Graph& graph, std::uint64_t v) {
  const Graph::Snapshot snapshot = graph.snapshot();
  const std::string begin = "version " + std::to_string(v) + "x";
  std::size_t right = 0;
  snapshot.for_each_node([&](const Node& node) { right += node.text.starts_with(begin) ? 1 : 0; });
  std::vector<float> query(64);
  query[v % 64] = 1;
  const Found found = snapshot.search(View<const float>(query), 20, snapshot.select());
  return right == 20 && found.hits.size() == 20 && found.hits.back().score > 0.99;
}

/// Files of at most so many bytes from here on.
void let_files_grow_to(rlim_t bytes) {
  rlimit now{};
  ::getrlimit(RLIMIT_FSIZE, &now);
  now.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &now);
}

enum Ending : int { all_fitted, refused_and_went_on, wrong };

Ending write_until_full(const std::string& path, rlim_t limit) {
  std::signal(SIGXFSZ, SIG_IGN);
  backend::Arena arena(0, 1_GiB);
  Graph graph(arena, limits, store::Sqlite(path));
  let_files_grow_to(limit);
  for (std::uint64_t v = 2; v < 30; ++v) {
    write(graph, v);
    try {
      graph.commit("", {static_cast<std::int64_t>(v)});
    } catch (const FileError&) {
      if (!says(graph, v - 1) || graph.snapshot().version().value != v - 1) return wrong;
      let_files_grow_to(RLIM_INFINITY);
      if (graph.commit("", {static_cast<std::int64_t>(v)}).value != v || !says(graph, v)) return wrong;
      return refused_and_went_on;
    }
    if (!says(graph, v)) return wrong;
  }
  return all_fitted;
}

}  // namespace

TEST_CASE("a graph on a full disk stands at its last version, and goes on when there is room") {
  const test::TemporaryFolder folder;
  int refused = 0;
  for (rlim_t limit = 60'000; limit < 1'200'000; limit += 30'000) {
    CAPTURE(limit);
    const std::string path = folder / (std::to_string(limit) + ".db");
    {
      backend::Arena arena(0, 1_GiB);
      Graph graph(arena, limits, store::Sqlite(path));
      write(graph, 1);
      graph.commit("", {1});
    }
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      Ending ending = wrong;
      try {
        ending = write_until_full(path, limit);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
      ::_exit(ending);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) != wrong);
    refused += WEXITSTATUS(status) == refused_and_went_on ? 1 : 0;
    backend::Arena arena(0, 1_GiB);
    const Graph graph(arena, limits, store::Sqlite(path));
    CHECK(says(graph, graph.snapshot().version().value));
    CHECK(graph.store().verify().empty());
  }
  CHECK(refused > 20);
}
