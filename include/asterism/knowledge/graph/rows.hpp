// A graph in memory: the values of its nodes and edges with the versions that they are part of, and what finds them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/backend/layout.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/graph/hash_chains.hpp"
#include "asterism/knowledge/graph/row_pool.hpp"
#include "asterism/knowledge/graph/text_pool.hpp"
#include "asterism/knowledge/limits.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/types.hpp"

namespace asterism::knowledge::detail {

inline constexpr std::uint32_t no_row = ~std::uint32_t{0};

/// A node's place: what all its values have in common. Edges connect places.
struct Place {
  NodeId id = no_node;
  std::uint32_t newest = no_row;     ///< its last value; older ones are chained behind it
  std::uint32_t first_out = no_row;  ///< its edges, each direction a chain
  std::uint32_t first_in = no_row;
  std::uint32_t next_free = no_row;
  std::uint64_t uses = 0;
  Time last_use = beginning;
};

/// One value of a node.
struct NodeRow {
  std::uint32_t place = no_row;
  std::uint32_t older = no_row;
  std::uint16_t kind = 0;
  bool pinned = false;
  NodeId merged_into = no_node;
  std::uint32_t created = 0;
  std::uint32_t expired = 0;
  std::uint32_t first_name = no_row;
  double confidence = 0;
  double weight = 0;
  std::uint64_t vector = 0;   ///< a hash of its vector, 0 without one
  std::uint64_t text_at = 0;  ///< name, text, source, aliases with a NUL behind each
  std::uint32_t name_size = 0;
  std::uint32_t text_size = 0;
  std::uint32_t source_size = 0;
  std::uint32_t aliases_size = 0;

  std::size_t all_text() const { return std::size_t{name_size} + text_size + source_size + aliases_size; }
};

/// One value of an edge.
struct EdgeRow {
  EdgeId id = no_edge;
  std::uint32_t from = no_row;  ///< a place
  std::uint32_t to = no_row;    ///< a place
  std::uint32_t next_out = no_row;
  std::uint32_t next_in = no_row;
  std::uint32_t source = no_row;
  std::uint32_t created = 0;
  std::uint32_t expired = 0;
  std::uint16_t kind = 0;
  bool dead = false;  ///< about to be forgotten
  Time valid_from{};
  Time valid_to{};
  double weight = 0;
  double confidence = 0;
};

/// A folded name or alias of a value.
struct NameRow {
  std::uint64_t hash = 0;
  std::uint32_t row = no_row;
  std::uint32_t next = no_row;  ///< of the same value
};

/// A source that edges name.
struct SourceRow {
  std::uint64_t text_at = 0;
  std::uint64_t hash = 0;
  std::uint32_t size = 0;
  std::uint32_t edges = 0;
  std::uint32_t next_free = no_row;
};

/// What a change takes.
struct RowNeeds {
  std::size_t nodes = 0;
  std::size_t edges = 0;
  std::size_t names = 0;
  std::size_t text = 0;
  std::set<std::string_view> sources{};  ///< of edges, which share them; they outlive this
  void add(const Node& node);
  void add(const Edge& edge);
};

template <class T>
constexpr View<T> next_piece(backend::Layout& layout, std::size_t count) {
  const MatrixView<T> matrix = layout.matrix<T>(1, count).view;
  return {matrix.data, matrix.cols};
}

/// Where the rows of a graph lie: consecutive pieces of a layout. Without a buffer it only measures.
struct RowMemory {
  constexpr RowMemory(backend::Layout& layout, KnowledgeLimits limits)
      : places(next_piece<Place>(layout, limits.nodes)),
        nodes(next_piece<NodeRow>(layout, limits.nodes)),
        edges(next_piece<EdgeRow>(layout, limits.edges)),
        names(next_piece<NameRow>(layout, limits.all_names())),
        sources(next_piece<SourceRow>(layout, limits.nodes)),
        place_table(next_piece<std::uint32_t>(layout, HashChains::places(limits.nodes))),
        place_next(next_piece<std::uint32_t>(layout, limits.nodes)),
        edge_table(next_piece<std::uint32_t>(layout, HashChains::places(limits.edges))),
        edge_next(next_piece<std::uint32_t>(layout, limits.edges)),
        name_table(next_piece<std::uint32_t>(layout, HashChains::places(limits.all_names()))),
        name_next(next_piece<std::uint32_t>(layout, limits.all_names())),
        source_table(next_piece<std::uint32_t>(layout, HashChains::places(limits.nodes))),
        source_next(next_piece<std::uint32_t>(layout, limits.nodes)),
        texts(next_piece<char>(layout, limits.text.count)) {}

  View<Place> places;
  View<NodeRow> nodes;
  View<EdgeRow> edges;
  View<NameRow> names;
  View<SourceRow> sources;
  View<std::uint32_t> place_table;
  View<std::uint32_t> place_next;
  View<std::uint32_t> edge_table;
  View<std::uint32_t> edge_next;
  View<std::uint32_t> name_table;
  View<std::uint32_t> name_next;
  View<std::uint32_t> source_table;
  View<std::uint32_t> source_next;
  View<char> texts;
};

/// A hash of a vector, 0 of an empty one: equal vectors have equal ones. Source: xxHash, XXH3 with 64 bits.
std::uint64_t vector_hash(const std::vector<float>& vector);

/// Rows over borrowed memory. A value is part of [created, expired). Const members may be called from several threads
/// at once.
class GraphRows {
 public:
  /// Begins empty, whatever the memory holds.
  explicit GraphRows(const RowMemory& memory);

  void clear();

  /// Throws KnowledgeFull, which says what is full, unless there is room. Closes gaps between texts where that helps.
  void make_room(const RowNeeds& needs);
  /// A new value of a node, for which there has to be room. Returns its row.
  std::uint32_t add(const Node& node, Lifetime lifetime);
  /// A new value of an edge, for which there has to be room. False, and nothing is changed, if a node of it is not
  /// there.
  bool add(const Edge& edge, Lifetime lifetime);
  /// The value that is part of `last`, if there is one, no longer is part of `version`, which follows.
  void expire(NodeId id, Version last, Version version);
  void expire(EdgeId id, Version last, Version version);
  /// A value of a node that was forgotten.
  struct Gone {
    std::uint32_t row;
    NodeId id;
    Version created;
  };
  /// Forgets values that are part neither of `oldest` nor of a later version. Returns those of nodes.
  std::vector<Gone> purge(Version oldest);
  /// How often a node was of use; no effect for one that is not there.
  void set(const Use& use);

  /// The place of a node, `no_row` without one; its value at a version, `no_row` if it has none then.
  std::uint32_t place_of(NodeId id) const;
  std::uint32_t at(std::uint32_t place, Version version) const;
  std::uint32_t row_of(NodeId id, Version version) const {
    const std::uint32_t place = place_of(id);
    return place == no_row ? no_row : at(place, version);
  }
  /// The edge's value at a version, `no_row` if it has none then.
  std::uint32_t row_of(EdgeId id, Version version) const;

  std::uint32_t places() const { return places_.end(); }
  std::uint32_t node_rows() const { return nodes_.end(); }
  const Place& place(std::uint32_t at) const { return places_[at]; }
  const NodeRow& node(std::uint32_t row) const { return nodes_[row]; }
  const EdgeRow& edge(std::uint32_t row) const { return edges_[row]; }
  template <class Row>
  static bool visible(const Row& row, Version version) {
    return row.created <= version.value && version.value < row.expired;
  }

  std::string_view name(const NodeRow& row) const { return texts_.text(row.text_at, row.name_size); }
  std::string_view text(const NodeRow& row) const {
    return texts_.text(row.text_at + row.name_size, row.text_size);
  }
  std::string_view source(const NodeRow& row) const {
    return texts_.text(row.text_at + row.name_size + row.text_size, row.source_size);
  }
  std::string_view source(const EdgeRow& row) const {
    return texts_.text(sources_[row.source].text_at, sources_[row.source].size);
  }
  /// True if the record is this value.
  bool same(const NodeRow& row, const Node& node) const;
  bool same(const EdgeRow& row, const Edge& edge) const { return record(row) == edge; }
  /// Without the vector, which an index has.
  Node record(const NodeRow& row) const;
  Edge record(const EdgeRow& row) const;
  std::vector<std::string> aliases(const NodeRow& row) const;

  /// f(row of an edge) for those that leave, or reach, a place and are part of a version.
  template <class F>
  void for_each_out(std::uint32_t place, Version version, F&& f) const {
    for (std::uint32_t row = places_[place].first_out; row != no_row; row = edges_[row].next_out) {
      if (visible(edges_[row], version)) f(row);
    }
  }
  template <class F>
  void for_each_in(std::uint32_t place, Version version, F&& f) const {
    for (std::uint32_t row = places_[place].first_in; row != no_row; row = edges_[row].next_in) {
      if (visible(edges_[row], version)) f(row);
    }
  }
  /// f(row of a node) for the values at a version, by row.
  template <class F>
  void for_each_node(Version version, F&& f) const {
    for (std::uint32_t row = 0; row < nodes_.end(); ++row) {
      if (nodes_[row].place != no_row && visible(nodes_[row], version)) f(row);
    }
  }
  template <class F>
  void for_each_edge(Version version, F&& f) const {
    for (std::uint32_t row = 0; row < edges_.end(); ++row) {
      if (edges_[row].from != no_row && visible(edges_[row], version)) f(row);
    }
  }
  /// The nodes that have this folded name, or it as an alias, at a version; ascending.
  std::vector<NodeId> named(std::string_view folded, Version version) const;

  /// Values of nodes that have not expired.
  std::size_t live_nodes() const { return nodes_.used() - dead_nodes_; }
  /// The greatest share of nodes, edges, names and text that is used.
  double fullness() const;
  std::size_t text_used() const { return texts_.used(); }

 private:
  struct Dead {
    std::uint32_t expired = 0;
    std::uint32_t row = no_row;
    bool edge = false;
  };

  void name_it(std::uint32_t row, std::string_view folded);
  bool has_name(const NodeRow& row, std::string_view folded_name) const;
  std::uint32_t find_source(std::string_view text) const;
  std::uint32_t add_source(std::string_view text);
  void release_source(std::uint32_t source);
  void forget_edges(const std::vector<std::uint32_t>& rows);
  void forget_node(std::uint32_t row);
  void bury(Dead dead);
  static bool later(const Dead& a, const Dead& b) { return a.expired > b.expired; }
  void pack_texts();

  RowPool<Place, &Place::next_free> places_;
  RowPool<NodeRow, &NodeRow::older> nodes_;
  RowPool<EdgeRow, &EdgeRow::next_out> edges_;
  RowPool<NameRow, &NameRow::next> names_;
  RowPool<SourceRow, &SourceRow::next_free> sources_;
  HashChains place_by_id_;
  HashChains edge_by_id_;
  HashChains name_by_hash_;
  HashChains source_by_hash_;
  TextPool texts_;
  std::size_t dead_nodes_ = 0;
  std::vector<Dead> dead_{};  // a heap: what expired first is on top
};

}  // namespace asterism::knowledge::detail

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/graph/rows_impl.hpp"
#endif
