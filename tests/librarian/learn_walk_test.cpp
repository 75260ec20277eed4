// Answered questions teach a walk which edges lead to what serves, and a desk then finds it for others.
#include "asterism/librarian/learn_walk.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/knowledge/types.hpp"
#include "asterism/librarian/category.hpp"
#include "asterism/librarian/reference_desk.hpp"

#include "support/archive.hpp"

using namespace asterism;
using namespace asterism::librarian;
using knowledge::NodeId;
using test::day;
using test::Ships;

TEST_CASE("a walk that was taught by answered questions leads a desk to the facts of another thing") {
  test::Archive<> archive;
  auto& graph = archive.graph;
  std::vector<NodeId> ships;
  std::vector<NodeId> lengths;
  const auto fact = [&](const std::string& text) {
    return graph.put({.kind = knowledge::number(Ships::NodeKind::fact), .text = text});
  };
  const auto link = [&](NodeId from, Ships::EdgeKind kind, NodeId to) {
    graph.link({.from = from, .kind = knowledge::number(kind), .to = to});
  };
  for (int i = 0; i < 12; ++i) {
    const std::string name = "Ship " + std::string(1, static_cast<char>('A' + i));
    ships.push_back(graph.put({.kind = knowledge::number(Ships::NodeKind::ship), .name = name}));
    link(ships.back(), Ships::EdgeKind::cargo, fact(name + " carries salt"));
    for (int k = 0; k < 4; ++k)
      link(ships.back(), Ships::EdgeKind::says, fact(name + " was seen " + std::to_string(k)));
    lengths.push_back(fact(name + " is " + std::to_string(20 + i) + " long"));
    link(ships.back(), Ships::EdgeKind::length, lengths.back());
  }
  graph.commit("", day(0));
  std::vector<Answered> asked;
  for (std::size_t i = 0; i < 8; ++i) {
    asked.push_back({"How long is Ship " + std::string(1, static_cast<char>('A' + i)) + "?", {lengths[i]}, "log"});
  }
  archive.librarian.remember(View<const Answered>(asked), day(1));
  const auto snapshot = graph.snapshot();
  const auto examples = examples_of(snapshot);
  REQUIRE(examples.size() == 8);
  CHECK(examples[3].seeds == std::vector<knowledge::Scored>{{ships[3], 1}});
  CHECK(examples[3].wanted == std::vector<NodeId>{lengths[3]});

  const std::vector<Category> categories = one_category();
  using Walk = knowledge::AttentionWalk;
  const ReferenceDesk<test::Archive<>::Graph::Snapshot, encode::HashedNgrams, Walk> desk(
      snapshot, archive.encoder, categories, steady_seconds, learn_walk(snapshot));
  ConsultOptions options;
  options.only = {Shelf::graph};
  const Consulted found = desk.consult("What of Ship K?", options);
  REQUIRE_FALSE(found.hits.empty());
  CHECK(found.hits.front().id == lengths[10]);
  CHECK(found.hits.front().way.size() == 1);
  for (const ConsultHit& hit : found.hits) CHECK(hit.text.find("Ship K") != std::string::npos);
}
