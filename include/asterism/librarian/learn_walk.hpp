// A walk that learns from a memory's experience where a question's facts lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/knowledge/attention_walk.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/schema.hpp"
#include "asterism/knowledge/snapshot.hpp"
#include "asterism/librarian/mentions.hpp"

namespace asterism::librarian {

/// What a memory's answered questions show: walks began at what each names, and should have ended at what served it.
template <class Snapshot>
std::vector<knowledge::RelatedExample> examples_of(const Snapshot& snapshot) {
  using Schema = typename Snapshot::Schema;
  std::vector<knowledge::Node> questions;
  snapshot.for_each_node([&](const knowledge::Node& node) {
    if (node.kind == knowledge::number(Schema::question_kind)) questions.push_back(node);
  });
  std::vector<knowledge::RelatedExample> examples;
  for (const knowledge::Node& question : questions) {
    knowledge::RelatedExample example;
    for (const Mention& mention : mentions(snapshot, question.text)) {
      for (const knowledge::NodeId id : mention.nodes) {
        example.seeds.push_back({id, 1.0 / static_cast<double>(mention.nodes.size())});
      }
    }
    const std::uint64_t used = knowledge::edge_kinds(Schema::used_kind);
    for (const knowledge::Edge& edge : snapshot.edges(question.id, knowledge::Direction::out, used)) {
      example.wanted.push_back(edge.to);
    }
    examples.push_back(std::move(example));
  }
  return examples;
}

/// An AttentionWalk that was taught by a memory's answered questions, for a ReferenceDesk on its later versions. It
/// follows all edges but those from questions to what served them, which would tell it the answers.
template <class Snapshot>
knowledge::AttentionWalk learn_walk(const Snapshot& snapshot, std::size_t hops = 2) {
  const std::uint64_t used = knowledge::edge_kinds(Snapshot::Schema::used_kind);
  knowledge::AttentionWalk walk({.kinds = ~used, .hops = hops});
  const std::vector<knowledge::RelatedExample> examples = examples_of(snapshot);
  snapshot.teach(walk, View<const knowledge::RelatedExample>(examples));
  return walk;
}

}  // namespace asterism::librarian
