// Nodes are linked with those most like them, and the links follow what changes.
#include "asterism/knowledge/alike.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/arena.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/quant/float32.hpp"

#include "support/harbour.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

using Harbour = test::Harbour;
using Kind = Harbour::EdgeKind;
using Graph = KnowledgeGraph<Harbour, index::Flat<quant::Float32>>;

constexpr std::size_t dim = 8;

std::vector<float> vector_of(Random& random) {
  std::vector<float> vector(dim);
  for (float& value : vector) value = static_cast<float>(random.normal());
  return vector;
}
double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double product = 0;
  double of_a = 0;
  double of_b = 0;
  for (std::size_t i = 0; i < dim; ++i) {
    product += double{a[i]} * double{b[i]};
    of_a += double{a[i]} * double{a[i]};
    of_b += double{b[i]} * double{b[i]};
  }
  return product / std::sqrt(of_a * of_b);
}

struct Sea {
  backend::Arena arena{0, 64_MiB};
  Graph graph{arena, {.nodes = 200, .dim = dim, .edges = 2000, .text = Bytes{20'000}}};
  Random random{7};
  std::vector<NodeId> ships{};
  std::vector<std::vector<float>> vectors{};

  Sea() {
    for (int i = 0; i < 40; ++i) {
      vectors.push_back(vector_of(random));
      ships.push_back(graph.put({.kind = 0, .name = std::to_string(i), .vector = vectors.back()}));
    }
    graph.commit("", {1});
  }
  AlikeLinked link(const AlikeOptions& options) {
    const AlikeLinked done = link_alike(graph, View<const NodeId>(ships), Kind::mentions, options);
    graph.commit("", {2});
    return done;
  }
  /// The edges are those that a naive comparison finds.
  void check(const AlikeOptions& options) const {
    const auto snapshot = graph.snapshot();
    for (std::size_t i = 0; i < ships.size(); ++i) {
      std::vector<std::pair<double, std::uint32_t>> wanted;
      for (std::size_t k = 0; k < ships.size(); ++k) {
        const double alike = cosine(vectors[i], vectors[k]);
        if (k != i && alike >= options.least) wanted.push_back({-alike, ships[k].value});
      }
      std::sort(wanted.begin(), wanted.end());
      if (wanted.size() > options.most) wanted.resize(options.most);
      const std::vector<Edge> edges = snapshot.edges(ships[i], Direction::out, edge_kinds(Kind::mentions));
      CHECK(edges.size() == wanted.size());
      for (const auto& [alike, to] : wanted) {
        const bool there = std::any_of(edges.begin(), edges.end(), [&, to = to, alike = alike](const Edge& edge) {
          return edge.to.value == to && std::abs(edge.weight + alike) < 1e-5 && edge.source == "alike";
        });
        CHECK(there);
      }
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(Sea, "each node is linked with those most like it, and no others") {
  const AlikeOptions options{.most = 3, .least = 0.3};
  CHECK(link(options).added > 40);
  check(options);
  const AlikeLinked again = link(options);
  CHECK(again.added + again.changed + again.removed == 0);
}

TEST_CASE_FIXTURE(Sea, "links follow vectors that change, and what others say stays") {
  const AlikeOptions options{.most = 3, .least = 0.3};
  const EdgeId said =
      graph.link({.from = ships[0], .kind = number(Kind::mentions), .to = ships[1], .source = "pilot"});
  link(options);
  for (std::size_t i = 2; i < 12; ++i) {
    Node node = *graph.node_now(ships[i]);
    vectors[i] = node.vector = vector_of(random);
    graph.put(std::move(node));
  }
  graph.commit("", {2});
  const AlikeLinked done = link(options);
  CHECK(done.added > 0);
  CHECK(done.removed > 0);
  CHECK(graph.edge_now(said)->source == "pilot");
  graph.erase(said);
  graph.commit("", {2});
  link(options);
  check(options);
}

TEST_CASE_FIXTURE(
    Sea, "what has no vector or is not among the asked for is not linked, and functional kinds are refused") {
  const NodeId mute = graph.put({.kind = 0, .name = "mute"});
  graph.commit("", {2});
  ships.push_back(mute);
  ships.push_back({5000});
  CHECK(link({.among = {.kinds = kinds(Harbour::NodeKind::port)}}).added == 0);
  link({.most = 100, .least = 1e-6});
  CHECK(graph.snapshot().edges(mute).empty());
  CHECK(graph.snapshot().edges(ships[3], Direction::out).size() > 10);
  CHECK_THROWS_AS(link({.least = 0}), InvalidArgument);
  CHECK_THROWS_AS(link_alike(graph, View<const NodeId>(ships), Kind::cargo), InvalidArgument);
}
