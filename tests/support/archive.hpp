// A librarian with a graph in memory, for tests: what is said of ships.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/encode/hashed_ngrams.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/librarian/librarian.hpp"
#include "asterism/quant/float32.hpp"

namespace asterism::test {

/// Ships, what is said of them, and what was asked.
struct Ships {
  enum class NodeKind : std::uint16_t { ship, fact, note, question };
  enum class EdgeKind : std::uint16_t { cargo, length, says, used };
  static constexpr std::size_t node_kinds = 4;
  static constexpr std::size_t edge_kinds = 4;
  static constexpr std::string_view name_of(NodeKind kind) {
    constexpr std::string_view names[] = {"ship", "fact", "note", "question"};
    return names[knowledge::number(kind)];
  }
  static constexpr std::string_view name_of(EdgeKind kind) {
    constexpr std::string_view names[] = {"cargo", "length", "says", "used"};
    return names[knowledge::number(kind)];
  }
  static constexpr knowledge::Ends ends(EdgeKind kind) {
    if (kind == EdgeKind::used) return {knowledge::kinds(NodeKind::question)};
    if (kind == EdgeKind::says) return {};
    return {knowledge::kinds(NodeKind::ship), knowledge::kinds(NodeKind::fact)};
  }
  static constexpr bool functional(EdgeKind kind) { return kind == EdgeKind::cargo || kind == EdgeKind::length; }
  static constexpr bool mergeable(NodeKind kind) { return kind == NodeKind::note || kind == NodeKind::fact; }
  static constexpr NodeKind question_kind = NodeKind::question;
  static constexpr EdgeKind used_kind = EdgeKind::used;
};

inline knowledge::Time day(std::int64_t n) { return {n * 86'400'000'000}; }

template <class Merge = librarian::WeightedCentre, class Conflict = librarian::LaterEnds,
          class Eviction = librarian::FadingWorth>
struct Archive {
  using Graph = knowledge::KnowledgeGraph<Ships, index::Flat<quant::Float32>>;
  using Librarian =
      librarian::Librarian<Graph, encode::HashedNgrams, librarian::Cosine, Merge, Conflict, Eviction>;

  explicit Archive(std::uint32_t nodes = 2000)
      : graph(arena, {.nodes = nodes, .dim = 512, .edges = 4 * nodes, .text = Bytes{200} * nodes}, store::Memory(),
              parallel::ExecutionRef(index::detail::on_the_caller), {.encoder = encoder.fingerprint()}) {}

  librarian::FiledReport file(librarian::Report report, int at = 1) {
    return librarian.file(View<const librarian::Report>(&report, 1), day(at)).reports[0];
  }
  static librarian::Report note(std::string text, std::string source = "mate", double confidence = 0.6) {
    return {.kind = knowledge::number(Ships::NodeKind::note),
            .text = std::move(text),
            .confidence = confidence,
            .source = std::move(source)};
  }

  backend::Arena arena{0, 4_GiB};
  encode::HashedNgrams encoder{};
  Graph graph;
  Librarian librarian{graph, encoder};
};

}  // namespace asterism::test
