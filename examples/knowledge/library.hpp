// The graph of a card game in a file, with the encoder of its vectors.
#pragma once

#include <asterism/backend/arena.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/encode/hashed_ngrams.hpp>
#include <asterism/file/path.hpp>
#include <asterism/knowledge/graph.hpp>
#include <asterism/knowledge/index/flat.hpp>
#include <asterism/knowledge/store/sqlite.hpp>
#include <asterism/librarian/cards/schema.hpp>
#include <cstdint>
#include <string>

namespace example {

using namespace asterism;
using librarian::CardGame;

using Graph = knowledge::KnowledgeGraph<CardGame, index::Flat<>, store::Sqlite>;
using Snapshot = Graph::Snapshot;

enum class Access : bool { write, read };

/// Opens the file; FileError if it is not there, unless `create`.
class Library {
 public:
  Library(const std::string& path, Access access, std::uint32_t nodes, bool create = false)
      : arena_(0, Graph::bytes(limits(nodes))),
        graph_(arena_, limits(nodes), open(path, access, create), serial(), {.encoder = encoder_.fingerprint()}) {}

  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }
  const encode::HashedNgrams& encoder() const { return encoder_; }

 private:
  static knowledge::KnowledgeLimits limits(std::uint32_t nodes) {
    return {.nodes = nodes, .dim = 512, .edges = 10 * nodes, .text = Bytes{std::uint64_t{400} * nodes}};
  }
  static parallel::ExecutionRef serial() { return parallel::ExecutionRef(index::detail::on_the_caller); }
  static store::Sqlite open(const std::string& path, Access access, bool create) {
    if (!create && file::path_kind(path) == file::PathKind::missing) {
      throw FileError(concat(path, ": no such file; knowledge build FOLDER --store ", path, " makes one"));
    }
    return store::Sqlite(path, {.read_only = access == Access::read});
  }

  encode::HashedNgrams encoder_{{.pairs = 0}};
  backend::Arena arena_;
  Graph graph_;
};

inline std::string_view name_of_node(std::uint16_t kind) {
  return CardGame::name_of(static_cast<CardGame::NodeKind>(kind));
}
inline std::string_view name_of_edge(std::uint16_t kind) {
  return CardGame::name_of(static_cast<CardGame::EdgeKind>(kind));
}

/// What to call a node: its name, or its text.
inline std::string called(const knowledge::Node& node) { return node.name.empty() ? node.text : node.name; }
inline std::string called(const Snapshot& snapshot, knowledge::NodeId id) {
  const auto node = snapshot.node(id);
  return node ? called(*node) : concat("node ", id.value);
}

/// Sources on one line.
inline std::string one_line(std::string sources) {
  for (std::size_t at = sources.find('\n'); at != sources.npos; at = sources.find('\n', at))
    sources.replace(at, 1, ", ");
  return sources;
}

}  // namespace example
