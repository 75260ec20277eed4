// Ingestion: what a game's files say becomes a graph, and stays one as the files change.
#pragma once

#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/encode/concept.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/librarian/cards/data.hpp"
#include "asterism/librarian/cards/ingestion.hpp"

namespace asterism::librarian::cards {

/// Writes a game into a graph, as one version. Cards, rules, terms, kinds and others become nodes with names, by their
/// ids among them; each sentence about one a node of the kind `fact`, with a vector, at the end of an edge of the kind
/// that says what it is. A file's name is the source of what it says.
///
/// The same files again write nothing. What a file says otherwise than before is superseded from `at` on; what it does
/// not say any more is closed then, and comes back, from `at` on, with the file that says it again. Files that are not
/// given are not asked: what they said stays. Errata hold from their own dates on; one that the file has no more is
/// taken back as if it had never been. A file that changes a figure after its errata has the last word, from `at` on.
///
/// Nothing else may wait in the graph for its commit. After an exception nothing does, and the last version stands:
/// UnsoundGame in strict rigour; EncoderMismatch if the graph's vectors are another encoder's; InvalidArgument for an
/// id that changes its kind; what the progress throws; what the graph's commit throws. Memory: the game and the graph's
/// names and texts a second time.
///
/// @tparam Graph  a knowledge::KnowledgeGraph of CardGame, or of a schema that begins with its kinds
template <class Graph, encode::TextEncoder Encoder>
Ingested ingest(Graph& graph, const Encoder& encoder, Game game, const IngestOptions& options) {
  if (graph.options().encoder != encoder.fingerprint() || graph.limits().dim != encoder.dim()) {
    throw knowledge::EncoderMismatch(
        concat("the graph is made for the encoder with the fingerprint ", graph.options().encoder, " and ",
               graph.limits().dim, " numbers, this one has ", encoder.fingerprint(), " and ", encoder.dim()));
  }
  try {
    return detail::Ingestion<Graph, Encoder>(graph, encoder, options).run(std::move(game));
  } catch (...) {
    graph.discard();
    throw;
  }
}

}  // namespace asterism::librarian::cards
