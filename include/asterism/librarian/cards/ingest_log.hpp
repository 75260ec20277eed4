// The log of a game becomes events in a graph.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/concept.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/librarian/cards/schema.hpp"
#include "asterism/librarian/cards/sentences.hpp"
#include "asterism/librarian/mentions.hpp"

namespace asterism::librarian::cards {

struct IngestedLog {
  knowledge::Version version{};
  std::size_t events = 0;  ///< new ones
  std::size_t known = 0;   ///< that the graph had
};

/// Writes the sentences of a game's log as events, as one version: nodes of the kind `event` with a vector, whose
/// source is the game. Each is a part of the game, a node of the kind `thing`, from its time on, and mentions the cards
/// that it names. Sentences that the game has already are passed over.
///
/// The game's id is one line, not empty. InvalidArgument unless there is a time for each sentence; EncoderMismatch and
/// what the graph's commit throws as `ingest`, and nothing else may wait in the graph as there.
template <class Graph, encode::TextEncoder Encoder>
IngestedLog ingest_log(Graph& graph, const Encoder& encoder, std::string_view game,
                       View<const std::string_view> sentences, View<const knowledge::Time> times,
                       knowledge::Time at) {
  using Node = CardGame::NodeKind;
  using Edge = CardGame::EdgeKind;
  if (times.size != sentences.size) {
    throw InvalidArgument(concat(sentences.size, " sentences have ", times.size, " times, expected as many"));
  }
  if (game.empty()) throw InvalidArgument("the game has no id: events need one, which is their source");
  if (graph.options().encoder != encoder.fingerprint() || graph.limits().dim != encoder.dim()) {
    throw knowledge::EncoderMismatch("the graph's vectors are not those of this encoder");
  }
  const auto snapshot = graph.snapshot();
  knowledge::NodeId log = knowledge::no_node;
  for (const knowledge::NodeId id : snapshot.find(game)) {
    if (snapshot.node(id)->kind == knowledge::number(Node::thing)) log = id;
  }
  std::set<std::string> known;
  if (log != knowledge::no_node) {
    for (const knowledge::Edge& edge : graph.edges_at(log)) {
      if (edge.to == log && edge.kind == knowledge::number(Edge::part_of))
        known.insert(graph.node_now(edge.from)->text);
    }
  }
  IngestedLog done;
  std::vector<std::string> texts;
  std::vector<knowledge::Time> when;
  for (std::size_t i = 0; i < sentences.size; ++i) {
    std::string text = without_point(sentences[i]);
    if (text.empty() || !known.insert(text).second) {
      ++done.known;
      continue;
    }
    texts.push_back(std::move(text));
    when.push_back(times[i]);
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<float> numbers(texts.size() * encoder.dim());
  encoder.encode(View<const std::string_view>(views),
                 MatrixView<float>(numbers.data(), texts.size(), encoder.dim()));
  try {
    if (log == knowledge::no_node) {
      log = graph.put(
          {.kind = knowledge::number(Node::thing), .name = std::string(game), .source = std::string(game)});
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto row = numbers.begin() + static_cast<std::ptrdiff_t>(i * encoder.dim());
      const knowledge::NodeId event =
          graph.put({.kind = knowledge::number(Node::event),
                     .text = texts[i],
                     .source = std::string(game),
                     .vector = std::vector<float>(row, row + static_cast<std::ptrdiff_t>(encoder.dim()))});
      const auto link = [&](Edge kind, knowledge::NodeId to) {
        graph.link({.from = event,
                    .kind = knowledge::number(kind),
                    .to = to,
                    .valid_from = when[i],
                    .source = std::string(game)});
      };
      link(Edge::part_of, log);
      std::set<knowledge::NodeId> cards;
      for (const Mention& mention : mentions(snapshot, texts[i])) {
        for (const knowledge::NodeId id : mention.nodes) {
          if (snapshot.node(id)->kind == knowledge::number(Node::card)) cards.insert(id);
        }
      }
      for (const knowledge::NodeId card : cards) link(Edge::mentions, card);
    }
    done.events = texts.size();
    done.version = graph.commit(concat("the log of ", printable(game, 80)), at);
  } catch (...) {
    graph.discard();
    throw;
  }
  return done;
}

}  // namespace asterism::librarian::cards
