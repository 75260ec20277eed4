// The graph of what was learnt: nodes with vectors, typed edges that hold for a time, and the versions of both.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/concept.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/graph/rows.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/index/saved.hpp"
#include "asterism/knowledge/lexicon.hpp"
#include "asterism/knowledge/limits.hpp"
#include "asterism/knowledge/schema.hpp"
#include "asterism/knowledge/snapshot.hpp"
#include "asterism/knowledge/sources.hpp"
#include "asterism/knowledge/store/changes.hpp"
#include "asterism/knowledge/store/concept.hpp"
#include "asterism/knowledge/store/memory.hpp"
#include "asterism/knowledge/store/version_list.hpp"
#include "asterism/parallel/execution_ref.hpp"

namespace asterism::knowledge {

struct GraphOptions {
  std::uint64_t encoder = 0;  ///< fingerprint of the encoder that makes the vectors; 0: none is used
  /// Leaves out what is damaged instead of refusing the whole; see `left_out`. For a store that can.
  bool salvage = false;
};

namespace detail {

/// The ids that the next node and the next edge get.
struct NextIds {
  std::uint32_t node = 0;
  std::uint32_t edge = 0;
};

}  // namespace detail

/// What `supersede` did.
struct Superseded {
  EdgeId edge = no_edge;           ///< the new one, or the one that says the same
  bool known = false;              ///< an edge said so already: nothing was added
  std::vector<EdgeId> closed{};    ///< edges that it ended
  std::vector<EdgeId> disputed{};  ///< edges that hold from the same instant on; the most confident one counts
};

/// A graph in memory over a store that keeps it. `put`, `link` and others gather changes; `commit` makes them durable,
/// all or none, and then visible at once. Readers take snapshots, which no later commit changes. Writing members are
/// for one thread at a time; `snapshot` and `as_of` may be called from any, while it writes. The arena and the
/// execution outlive the graph, which outlives its snapshots.
///
/// Opening reads and verifies every row of the store; CorruptStore names the first that is damaged, UnknownKind a kind
/// that the schema lacks, EncoderMismatch another encoder's vectors, KnowledgeFull what does not fit.
///
/// An index that can be saved (index::Approximate) is taken from NAME.index beside the store's file, where that holds
/// the same vectors; else it is built, and written there. Commits do not write it: `save_index` does.
///
/// Memory: bytes(limits), drawn when it is made. Outside of it are the list of words (see Lexicon), changes that wait,
/// the selections made last, two bits a node each, and what the store takes.
///
/// @tparam S      GraphSchema
/// @tparam Index  VectorIndex, made of (arena, limits, execution)
/// @tparam Store  GraphStore; with members `path()` and `read_only()` the list of words lies beside its file
template <GraphSchema S, VectorIndex Index = index::Flat<>, GraphStore Store = store::Memory>
class KnowledgeGraph {
 public:
  using Schema = S;
  using NodeKind = typename Schema::NodeKind;
  using EdgeKind = typename Schema::EdgeKind;
  using Snapshot = knowledge::Snapshot<Schema, Index>;

  KnowledgeGraph(backend::Arena& arena, KnowledgeLimits limits, Store store = Store(),
                 parallel::ExecutionRef execution = parallel::ExecutionRef(index::detail::on_the_caller),
                 GraphOptions options = {})
      : limits_(limits),
        options_(options),
        store_(std::move(store)),
        buffer_(arena.allocate(rows_bytes(limits), "knowledge graph")),
        core_(std::make_unique<detail::GraphCore<Index>>(
            memory(buffer_, limits), Index(arena, limits.index(), execution), words_of(store_))) {
    core_->memory = bytes();
    check_properties();
    load();
  }

  /// What a graph of this size draws from the arena.
  static constexpr Bytes bytes(KnowledgeLimits limits) {
    return {checked_sum(rows_bytes(limits).count, Index::bytes(limits.index()).count)};
  }
  KnowledgeLimits limits() const { return limits_; }
  const GraphOptions& options() const { return options_; }
  /// Nodes of the last version; how full what fills up first is, 0 to 1, with old values. For the writer.
  std::size_t live_nodes() const { return core_->rows.live_nodes(); }
  double fullness() const { return core_->rows.fullness(); }
  Bytes bytes() const { return {buffer_.size().count + core_->index.bytes().count}; }

  /// The last version, at `latest` or another instant.
  Snapshot snapshot(Time valid = latest) const {
    const std::shared_lock lock(core_->mutex);
    return Snapshot(*core_, core_->last, valid);
  }
  /// What held at `valid`, as it was known at a version that is kept. InvalidArgument for another.
  Snapshot as_of(Time valid, Version known) const {
    const std::shared_lock lock(core_->mutex);
    if (known != core_->last) store::place_of(versions_, known);
    return Snapshot(*core_, known, valid);
  }
  /// The versions that are kept, oldest first.
  std::vector<Commit> versions() const {
    const std::shared_lock lock(core_->mutex);
    return versions_;
  }

  // What follows waits for `commit`. Ids are returned at once.

  /// A new node where its id is `no_node`, else a new value of a node. Aliases need not be folded. UnknownKind;
  /// BadVector; InvalidArgument for what a store refuses, for text that is not UTF-8, and for an id that was never
  /// given.
  NodeId put(Node node) {
    check_kind(node.kind, Schema::node_kinds, "node");
    folded(node.name);
    for (std::string& alias : node.aliases) alias = folded(alias);
    std::sort(node.aliases.begin(), node.aliases.end());
    node.aliases.erase(std::unique(node.aliases.begin(), node.aliases.end()), node.aliases.end());
    if (!node.vector.empty()) {
      index::check_vectors(limits_.dim, MatrixView<const float>(node.vector.data(), 1, node.vector.size()),
                           "vector");
    }
    const bool fresh = node.id == no_node;
    if (fresh) node.id = {next_.node};
    if (node.id.value > next_.node || (!fresh && node.id.value == next_.node)) {
      throw InvalidArgument(concat("node ", node.id.value, " was never given: leave the id out for a new node"));
    }
    const NodeId id = node.id;
    changes_.put(std::move(node));
    if (fresh) ++next_.node;
    return id;
  }

  /// A new edge where its id is `no_edge`, else a new value of an edge. DanglingEdge, UnknownKind; InvalidArgument for
  /// nodes of kinds that the schema does not connect so, and where another edge of a functional kind holds meanwhile.
  EdgeId link(Edge edge) {
    check_ends(edge);
    if (functional(edge.kind)) {
      for (const Edge& other : rivals(edge)) {
        if (other.valid_from < edge.valid_to && edge.valid_from < other.valid_to) {
          throw InvalidArgument(concat("edge ", other.id.value, " of the kind '", name_of_edge(edge.kind),
                                       "' holds at the same time, and a node has one of them: supersede ends it"));
        }
      }
    }
    return put_edge(std::move(edge));
  }

  /// A new edge of a functional kind. It ends the one that began before it, and is ended by the one that begins after
  /// it; beside one that begins at the same instant it stays, and the more confident one counts. Errors as `link`.
  Superseded supersede(Edge edge) {
    check_ends(edge);
    if (!functional(edge.kind)) {
      throw InvalidArgument(concat("edges of the kind '", name_of_edge(edge.kind), "' end no others: link them"));
    }
    Edge sound = edge;
    sound.id = {0};
    store::check(sound);
    Superseded done;
    const Edge* before = nullptr;
    const std::vector<Edge> all = rivals(edge);
    for (const Edge& other : all) {
      const bool overlaps = other.valid_from < edge.valid_to && edge.valid_from < other.valid_to;
      if (other.to == edge.to && other.valid_from <= edge.valid_from && edge.valid_from < other.valid_to) {
        return {.edge = other.id, .known = true};
      }
      if (other.valid_to <= edge.valid_from) continue;
      if (other.valid_from == edge.valid_from) done.disputed.push_back(other.id);
      if (other.valid_from < edge.valid_from && overlaps &&
          (before == nullptr || other.valid_from > before->valid_from)) {
        before = &other;
      }
      if (other.valid_from > edge.valid_from) edge.valid_to = std::min(edge.valid_to, other.valid_from);
    }
    for (const Edge& other : all) {
      if (before == nullptr || other.valid_from != before->valid_from || other.valid_to <= edge.valid_from)
        continue;
      Edge ended = other;
      ended.valid_to = edge.valid_from;
      done.closed.push_back(put_edge(std::move(ended)));
    }
    done.edge = put_edge(std::move(edge));
    return done;
  }

  /// False if there is none. A node's edges go with it.
  bool erase(NodeId id) {
    if (!exists(id)) return false;
    for (const Edge& edge : edges_at(id)) changes_.erase(edge.id);
    changes_.erase(id);
    return true;
  }
  bool erase(EdgeId id) {
    if (!edge_now(id)) return false;
    changes_.erase(id);
    return true;
  }
  /// Ends an edge at an instant; false if there is none, or it does not hold then.
  bool close(EdgeId id, Time at) {
    std::optional<Edge> edge = edge_now(id);
    if (!edge || edge->valid_from >= at || edge->valid_to <= at) return false;
    edge->valid_to = at;
    put_edge(std::move(*edge));
    return true;
  }
  /// Takes a source's word back: nodes and edges that it alone named go, others lose its name. Returns how many went.
  std::size_t forget(std::string_view source) {
    std::size_t gone = 0;
    const auto take = [&](auto record, auto&& keep) {
      if (!names_source(record.source, source)) return;
      record.source = without_source(record.source, source);
      if (record.source.empty()) {
        if (erase(record.id)) ++gone;
      } else {
        keep(std::move(record));
      }
    };
    for (const EdgeId id : edge_ids()) {
      if (const auto edge = edge_now(id)) take(*edge, [&](Edge left) { put_edge(std::move(left)); });
    }
    for (const NodeId id : node_ids()) {
      if (const auto node = node_now(id)) take(*node, [&](Node left) { put(std::move(left)); });
    }
    return gone;
  }
  /// A pinned node is never evicted. False if there is none.
  bool pin(NodeId id, bool pinned = true) {
    std::optional<Node> node = node_now(id);
    if (!node) return false;
    if (node->pinned == pinned) return true;
    node->pinned = pinned;
    put(std::move(*node));
    return true;
  }
  /// Counts that a node served an answer; no effect if there is none.
  void use(NodeId id, Time at) {
    if (!exists(id)) return;
    auto [waiting, fresh] = uses_.try_emplace(id, Use{.node = id});
    if (fresh) {
      const std::uint32_t place = core_->rows.place_of(id);
      if (place != detail::no_row) waiting->second.count = core_->rows.place(place).uses;
    }
    ++waiting->second.count;
    waiting->second.last = at;
  }

  /// The same as a whole: how often, and when last. No effect if there is none.
  void set_use(const Use& use) {
    if (exists(use.node)) uses_[use.node] = use;
  }

  /// The node or edge as the next commit would leave it, a node with its vector.
  std::optional<Node> node_now(NodeId id) const {
    if (const auto* change = changes_.of(id)) return *change;
    return store_.find(id);
  }
  std::optional<Edge> edge_now(EdgeId id) const {
    if (const auto* change = changes_.of(id)) return *change;
    const std::uint32_t row = core_->rows.row_of(id, core_->last);
    if (row == detail::no_row) return std::nullopt;
    return core_->rows.record(core_->rows.edge(row));
  }
  /// Edges of a node as the next commit would leave them, at any instant; by id.
  std::vector<Edge> edges_at(NodeId id) const;

  /// Makes the changes durable, then visible. Returns the new version; the last one where nothing has changed. After an
  /// exception (KnowledgeFull, FileError) the last version stands, and the changes still wait.
  Version commit(std::string_view note, Time at);
  /// Forgets the changes that wait.
  void discard() {
    changes_.clear();
    uses_.clear();
    waiting_edges_.clear();
    next_ = committed_;
  }
  /// A new version with nodes and edges of an earlier one that is kept; what waits is forgotten. Ids stay given.
  Version rollback(Version version, Time at);

  /// What became of NAME.index when the graph was opened; nothing where index or store have no such file.
  std::optional<index::Restored> restored_index() const { return restored_index_; }
  /// Writes NAME.index anew, so that the next opening need not build the index. False, and nothing is written, where
  /// there is no such file, nothing is built, or the store is only read. FileError. For the writer.
  bool save_index() const {
    if constexpr (index_has_file) {
      return !store_.read_only() && core_->index.save(index_path());
    } else {
      return false;
    }
  }

  /// What salvage left out.
  const std::vector<Damage>& left_out() const { return left_out_; }
  const Store& store() const { return store_; }
  Store& store() { return store_; }

 private:
  static constexpr Bytes rows_bytes(KnowledgeLimits limits) {
    limits.index().check();
    backend::Layout layout;
    const detail::RowMemory memory(layout, limits);
    return layout.used();
  }
  static detail::RowMemory memory(const backend::Buffer& buffer, KnowledgeLimits limits) {
    backend::Layout layout(buffer);
    return {layout, limits};
  }
  static constexpr bool index_has_file = requires(Index & index, const Store& store, const std::string& path) {
    index.postpone();
    { index.restore(path) } -> std::same_as<index::Restored>;
    { index.save(path) } -> std::same_as<bool>;
    store.path();
    store.read_only();
  };
  std::string index_path() const { return store_.path() + ".index"; }
  static Lexicon words_of(const Store& store) {
    if constexpr (requires { store.read_only(); }) {
      return Lexicon(store.path() + ".words", store.read_only() ? Lexicon::Access::read : Lexicon::Access::write);
    } else {
      return Lexicon::in_memory();
    }
  }
  static bool functional(std::uint16_t kind) { return (Snapshot::functional_kinds >> kind & 1U) != 0; }
  static std::string_view name_of_edge(std::uint16_t kind) { return Schema::name_of(static_cast<EdgeKind>(kind)); }
  static std::string_view name_of_node(std::uint16_t kind) { return Schema::name_of(static_cast<NodeKind>(kind)); }
  static void check_kind(std::uint16_t kind, std::size_t count, std::string_view what) {
    if (kind < count) return;
    throw UnknownKind(concat("kind ", kind, " of ", what, "s: the schema has ", count));
  }

  bool exists(NodeId id) const {
    if (const auto* change = changes_.of(id)) return change->has_value();
    return core_->rows.row_of(id, core_->last) != detail::no_row;
  }
  std::uint16_t kind_of(NodeId id) const {
    if (const auto* change = changes_.of(id)) return (*change)->kind;
    return core_->rows.node(core_->rows.row_of(id, core_->last)).kind;
  }
  void check_ends(const Edge& edge) const {
    check_kind(edge.kind, Schema::edge_kinds, "edge");
    const auto check = [&](NodeId id, KindSet allowed, std::string_view end) {
      if (!exists(id)) {
        throw DanglingEdge(concat("an edge of the kind '", name_of_edge(edge.kind), "' ", end, " node ", id.value,
                                  ", which is not there: put the node first"));
      }
      if ((allowed >> kind_of(id) & 1U) != 0) return;
      throw InvalidArgument(concat("an edge of the kind '", name_of_edge(edge.kind), "' ", end, " node ", id.value,
                                   ", a '", name_of_node(kind_of(id)), "': the schema connects others so"));
    };
    const Ends ends = Schema::ends(static_cast<EdgeKind>(edge.kind));
    check(edge.from, ends.from, "leaves");
    check(edge.to, ends.to, "reaches");
  }
  EdgeId put_edge(Edge edge) {
    const bool fresh = edge.id == no_edge;
    if (fresh) edge.id = {next_.edge};
    if (edge.id.value > next_.edge || (!fresh && edge.id.value == next_.edge)) {
      throw InvalidArgument(concat("edge ", edge.id.value, " was never given: leave the id out for a new edge"));
    }
    const EdgeId id = edge.id;
    const NodeId from = edge.from;
    const NodeId to = edge.to;
    changes_.put(std::move(edge));
    waiting_edges_[from].push_back(id);
    if (to != from) waiting_edges_[to].push_back(id);
    if (fresh) ++next_.edge;
    return id;
  }
  /// Other edges of the same kind that leave the same node.
  std::vector<Edge> rivals(const Edge& edge) const {
    std::vector<Edge> all = edges_at(edge.from);
    all.erase(std::remove_if(all.begin(), all.end(),
                             [&](const Edge& other) {
                               return other.from != edge.from || other.kind != edge.kind || other.id == edge.id;
                             }),
              all.end());
    return all;
  }
  std::vector<NodeId> node_ids() const;
  std::vector<EdgeId> edge_ids() const;

  void check_properties();
  void write_properties();
  void load();
  void restore_index();
  /// The changes that change something.
  store::Changes real_changes() const;
  void publish(Version version, const store::Changes& changes);
  /// Forgets what neither a kept version nor a living snapshot has; returns its keys in the list of words.
  std::vector<std::int64_t> forget_old();
  void change_words(const std::vector<LexiconEntry>& added, const std::vector<std::int64_t>& removed,
                    Version stamp);
  void rebuild_words();
  static std::optional<LexiconEntry> words_of(const Node& node, Version created) {
    if (node.text.empty()) return std::nullopt;
    return LexiconEntry{detail::word_key(created, node.id), node.text};
  }

  KnowledgeLimits limits_;
  GraphOptions options_;
  Store store_;
  backend::Buffer buffer_;
  std::unique_ptr<detail::GraphCore<Index>> core_;
  std::vector<Commit> versions_{};
  Version vectors_since_{};   // of the encoder; those of earlier versions are another's
  bool rolled_back_ = false;  // then keys in the list of words differ from what a store tells: it is made again
  store::Changes changes_{};
  std::map<NodeId, Use> uses_{};
  std::map<NodeId, std::vector<EdgeId>> waiting_edges_{};  // changed edges, by each of their nodes
  detail::NextIds next_{};                                 // never given to another again
  detail::NextIds committed_{};
  std::vector<Damage> left_out_{};
  std::optional<index::Restored> restored_index_{};
};

}  // namespace asterism::knowledge

#include "asterism/knowledge/graph/writing.hpp"
