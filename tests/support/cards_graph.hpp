// A graph of a card game in memory, and what it says at an instant, by the names of things.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/encode/hashed_ngrams.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/librarian/cards/schema.hpp"
#include "asterism/quant/float32.hpp"

namespace asterism::test {

struct CardsGraph {
  using Graph = knowledge::KnowledgeGraph<librarian::CardGame, index::Flat<quant::Float32>>;
  using Edge = librarian::CardGame::EdgeKind;
  static constexpr std::uint64_t fact_edges =
      knowledge::edge_kinds(Edge::cost, Edge::strength, Edge::guard, Edge::card_kind, Edge::ability, Edge::keyword,
                            Edge::means, Edge::states);

  explicit CardsGraph(std::size_t dim = 32, std::uint32_t nodes = 20'000)
      : encoder({.dim = dim}),
        arena(0, Bytes{std::uint64_t{1} << 30U}),
        graph(arena,
              {.nodes = nodes,
               .dim = static_cast<std::uint32_t>(dim),
               .edges = 4 * nodes,
               .text = Bytes{16U << 20U}},
              {}, parallel::ExecutionRef(index::detail::on_the_caller), {.encoder = encoder.fingerprint()}) {}

  /// Sentences that hold at an instant, each behind the name of its kind.
  std::set<std::pair<std::string, std::string>> facts(knowledge::Time at = knowledge::latest) const {
    std::set<std::pair<std::string, std::string>> all;
    for (const auto& [from, kind, to] : edges(at, fact_edges)) all.emplace(kind, to);
    return all;
  }
  /// Edges between things that hold at an instant: names and the name of the kind.
  std::set<std::tuple<std::string, std::string, std::string>> links(knowledge::Time at = knowledge::latest) const {
    return edges(at, ~fact_edges);
  }

  encode::HashedNgrams encoder;
  backend::Arena arena;
  Graph graph;

 private:
  std::set<std::tuple<std::string, std::string, std::string>> edges(knowledge::Time at,
                                                                    std::uint64_t kinds) const {
    const auto snapshot = graph.snapshot(at);
    std::set<std::tuple<std::string, std::string, std::string>> all;
    std::vector<knowledge::NodeId> ids;
    snapshot.for_each_node([&](const knowledge::Node& node) { ids.push_back(node.id); });
    const auto called = [&](knowledge::NodeId id) {
      const knowledge::Node node = *snapshot.node(id);
      return node.text.empty() ? node.name : node.text;
    };
    for (const knowledge::NodeId id : ids) {
      for (const knowledge::Edge& edge : snapshot.edges(id, knowledge::Direction::out, kinds)) {
        all.emplace(called(edge.from), librarian::CardGame::name_of(static_cast<Edge>(edge.kind)),
                    called(edge.to));
      }
    }
    return all;
  }
};

}  // namespace asterism::test
