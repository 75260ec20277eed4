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
#include <asterism/librarian/mentions.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace example {

using namespace asterism;
using librarian::CardGame;

using Graph = knowledge::KnowledgeGraph<CardGame, index::Flat<>, store::Sqlite>;
using Snapshot = Graph::Snapshot;

enum class Access : bool { write, read };

/// Where a store says which encoder made its vectors; see HashedNgrams::to_text.
inline constexpr std::string_view encoder_property = "hashed_ngrams";

/// With which files begin.
inline encode::HashedNgrams plain_encoder() { return encode::HashedNgrams({.pairs = 0}); }

/// The encoder of a store that `reencode` has fitted one to, else the plain one.
inline encode::HashedNgrams encoder_of(const store::Sqlite& store) {
  const std::optional<std::string> text = store.property(encoder_property);
  return text ? encode::HashedNgrams::from_text(*text, store.path()) : plain_encoder();
}

/// Opens the file; FileError if it is not there, unless `create`. `encoder`: for a new file, its text.
class Library {
 public:
  Library(const std::string& path, Access access, std::uint32_t nodes, bool create = false,
          const std::optional<std::string>& encoder = {})
      : Library(open(path, access, create, encoder), nodes) {}

  Graph& graph() { return graph_; }
  const Graph& graph() const { return graph_; }
  const encode::HashedNgrams& encoder() const { return encoder_; }

 private:
  Library(store::Sqlite store, std::uint32_t nodes)
      : encoder_(encoder_of(store)),
        arena_(0, Graph::bytes(limits(nodes))),
        graph_(arena_, limits(nodes), std::move(store), serial(), {.encoder = encoder_.fingerprint()}) {}

  static knowledge::KnowledgeLimits limits(std::uint32_t nodes) {
    return {.nodes = nodes, .dim = 512, .edges = 10 * nodes, .text = Bytes{std::uint64_t{400} * nodes}};
  }
  static parallel::ExecutionRef serial() { return parallel::ExecutionRef(index::detail::on_the_caller); }
  static store::Sqlite open(const std::string& path, Access access, bool create,
                            const std::optional<std::string>& encoder) {
    if (!create && file::path_kind(path) == file::PathKind::missing) {
      throw FileError(concat(path, ": no such file; knowledge build FOLDER --store ", path, " makes one"));
    }
    store::Sqlite store(path, {.read_only = access == Access::read});
    if (encoder) store.set_property(encoder_property, *encoder);
    return store;
  }

  encode::HashedNgrams encoder_;
  backend::Arena arena_;
  Graph graph_;
};

/// What has been encoded of each node of a snapshot, and an encoder fitted to all of that.
class FittedEncoder {
 public:
  template <class AnySnapshot>
  explicit FittedEncoder(const AnySnapshot& snapshot) {
    std::vector<knowledge::Node> nodes;
    snapshot.for_each_node([&](const knowledge::Node& node) { nodes.push_back(node); });
    for (const knowledge::Node& node : nodes) texts_[node.id] = librarian::encoded_text(snapshot, node);
    std::vector<std::string_view> views;
    for (const auto& [id, text] : texts_) views.push_back(text);
    encoder_ =
        encode::HashedNgrams({.pairs = 0}, encode::FrequencyTable::fitted(View<const std::string_view>(views)));
  }
  const std::map<knowledge::NodeId, std::string>& texts() const { return texts_; }
  const encode::HashedNgrams& encoder() const { return encoder_; }

 private:
  std::map<knowledge::NodeId, std::string> texts_;
  encode::HashedNgrams encoder_;
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
