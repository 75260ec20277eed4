// How a graph is loaded from its store, changed and rolled back.
#pragma once

#include <exception>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/graph/properties.hpp"

namespace asterism::knowledge {

namespace detail {

/// Rows of nodes with their vectors on the way to an index, some thousands at a time.
template <class Index>
class IndexBatch {
 public:
  IndexBatch(Index& index, std::size_t dim) : index_(&index), dim_(dim) {}
  void add(std::uint32_t row, const std::vector<float>& vector) {
    if (vector.empty()) return;
    rows_.push_back({row});
    numbers_.insert(numbers_.end(), vector.begin(), vector.end());
    if (rows_.size() == 4096) flush();
  }
  void flush() {
    if (rows_.empty()) return;
    index_->insert(View<const NodeId>(rows_), MatrixView<const float>(numbers_.data(), rows_.size(), dim_));
    rows_.clear();
    numbers_.clear();
  }

 private:
  Index* index_;
  std::size_t dim_;
  std::vector<NodeId> rows_;
  std::vector<float> numbers_;
};

}  // namespace detail

template <GraphSchema S, VectorIndex Index, GraphStore Store>
void KnowledgeGraph<S, Index, Store>::check_properties() {
  const auto check = [&](const char* key, const std::string& names) {
    const std::optional<std::string> stored = store_.property(key);
    if (stored && !names.starts_with(*stored)) {
      throw UnknownKind(concat("the store's ", key, " are\n", *stored, "the schema's are\n", names,
                               "open it with the schema that it was made with; new kinds go behind the others"));
    }
  };
  check(detail::node_kinds_key, detail::names_of<NodeKind, Schema>(Schema::node_kinds));
  check(detail::edge_kinds_key, detail::names_of<EdgeKind, Schema>(Schema::edge_kinds));
  const std::uint64_t encoder = detail::number_of(store_.property(detail::encoder_key));
  if (encoder != 0 && options_.encoder != 0 && encoder != options_.encoder) {
    throw EncoderMismatch(concat("the store's vectors were made by the encoder with the fingerprint ", encoder,
                                 ", this one's is ", options_.encoder,
                                 ": use that one, or change them all with `reencode`"));
  }
  const std::uint64_t dim = detail::number_of(store_.property(detail::dim_key));
  if (dim != 0 && dim != limits_.dim) {
    throw EncoderMismatch(
        concat("the store's vectors have ", dim, " numbers, the graph is made for ", limits_.dim));
  }
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
void KnowledgeGraph<S, Index, Store>::write_properties() {
  const auto write = [&](const char* key, const std::string& value) {
    if (store_.property(key) != value) store_.set_property(key, value);
  };
  write(detail::node_kinds_key, detail::names_of<NodeKind, Schema>(Schema::node_kinds));
  write(detail::edge_kinds_key, detail::names_of<EdgeKind, Schema>(Schema::edge_kinds));
  if (options_.encoder != 0) write(detail::encoder_key, std::to_string(options_.encoder));
  write(detail::dim_key, std::to_string(limits_.dim));
  write(detail::next_node_key, std::to_string(next_.node));
  write(detail::next_edge_key, std::to_string(next_.edge));
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
void KnowledgeGraph<S, Index, Store>::load() {
  detail::GraphRows& rows = core_->rows;
  vectors_since_ = {detail::number_of(store_.property(detail::vectors_since_key))};
  if constexpr (index_has_file) core_->index.postpone();
  detail::IndexBatch<Index> batch(core_->index, limits_.dim);
  std::vector<Use> uses;
  const auto damaged = [&](Damage damage) {
    if (!options_.salvage) {
      throw CorruptStore(concat("the store's table ", damage.table, ", row ", damage.id, " of version ",
                                damage.version.value, ": ", damage.what));
    }
    left_out_.push_back(std::move(damage));
  };
  struct Loader {
    std::function<void(const Node&, Lifetime)> node;
    std::function<void(const Edge&, Lifetime)> edge;
    std::function<void(const Use&)> use;
    void operator()(const Node& one, Lifetime lifetime) const { node(one, lifetime); }
    void operator()(const Edge& one, Lifetime lifetime) const { edge(one, lifetime); }
    void operator()(const Use& one) const { use(one); }
  };
  const Loader loader{
      .node =
          [&](const Node& node, Lifetime lifetime) {
            check_kind(node.kind, Schema::node_kinds, "node");
            next_.node = std::max(next_.node, node.id.value + 1);
            const bool indexed = lifetime.created >= vectors_since_ || lifetime.expired > vectors_since_;
            if (indexed && !node.vector.empty() && node.vector.size() != limits_.dim) {
              damaged({"node", node.id.value, lifetime.created,
                       concat("its vector has ", node.vector.size(), " numbers, not ", limits_.dim)});
              return;
            }
            detail::RowNeeds needs;
            needs.add(node);
            rows.make_room(needs);
            const std::uint32_t row = rows.add(node, lifetime);
            if (indexed) batch.add(row, node.vector);
          },
      .edge =
          [&](const Edge& edge, Lifetime lifetime) {
            check_kind(edge.kind, Schema::edge_kinds, "edge");
            next_.edge = std::max(next_.edge, edge.id.value + 1);
            detail::RowNeeds needs;
            needs.add(edge);
            rows.make_room(needs);
            if (!rows.add(edge, lifetime)) {
              damaged({"edge", edge.id.value, lifetime.created,
                       concat("it connects node ", edge.from.value, " with node ", edge.to.value,
                              ", and one of them is missing")});
            }
          },
      .use = [&](const Use& use) { uses.push_back(use); }};
  if constexpr (requires { store_.for_each(loader, [](const Damage&) {}); }) {
    if (options_.salvage) {
      store_.for_each(loader, [&](const Damage& damage) { left_out_.push_back(damage); });
    } else {
      store_.for_each(loader);
    }
  } else {
    store_.for_each(loader);
  }
  batch.flush();
  restore_index();
  for (const Use& use : uses) rows.set(use);
  const auto next = [&](const char* key, std::uint32_t least) {
    return std::max(least, static_cast<std::uint32_t>(detail::number_of(store_.property(key))));
  };
  next_ = committed_ = {next(detail::next_node_key, next_.node), next(detail::next_edge_key, next_.edge)};
  versions_ = store_.versions();
  core_->last = versions_.empty() ? Version{} : versions_.back().version;
  if (core_->lexicon.stamp() == core_->last.value && core_->last != Version{}) return;
  if constexpr (requires { store_.read_only(); }) {  // another process keeps the file
    if (store_.read_only()) core_->lexicon = Lexicon::in_memory();
  }
  rebuild_words();
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
void KnowledgeGraph<S, Index, Store>::restore_index() {
  if constexpr (index_has_file) {
    restored_index_ = core_->index.restore(index_path());
    if (*restored_index_ == index::Restored::taken || core_->index.size() == 0) return;
    try {
      save_index();
    } catch (const FileError&) {  // a full disk, say: the index is there, and needs no file
    }
  }
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
void KnowledgeGraph<S, Index, Store>::rebuild_words() {
  core_->lexicon.clear();
  std::vector<LexiconEntry> entries;
  const detail::GraphRows& rows = core_->rows;
  for (std::uint32_t row = 0; row < rows.node_rows(); ++row) {
    const detail::NodeRow& node = rows.node(row);
    if (node.place == detail::no_row) continue;
    if (auto entry = words_of(rows.record(node), {node.created})) entries.push_back(std::move(*entry));
  }
  core_->lexicon.change(View<const LexiconEntry>(entries), {}, core_->last.value);
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
void KnowledgeGraph<S, Index, Store>::change_words(const std::vector<LexiconEntry>& added,
                                                   const std::vector<std::int64_t>& removed, Version stamp) {
  try {
    core_->lexicon.change(View<const LexiconEntry>(added), View<const std::int64_t>(removed),
                          rolled_back_ ? 0 : stamp.value);
  } catch (const Error&) {  // a full disk, say: the commit stands, and words need no file
    const std::unique_lock lock(core_->mutex);
    core_->lexicon = Lexicon::in_memory();
    rebuild_words();
    core_->lexicon.change(View<const LexiconEntry>(added), {}, stamp.value);
  }
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
std::vector<Edge> KnowledgeGraph<S, Index, Store>::edges_at(NodeId id) const {
  std::vector<Edge> all;
  const auto committed = [&](std::uint32_t row) {
    Edge edge = core_->rows.record(core_->rows.edge(row));
    if (changes_.of(edge.id) == nullptr) all.push_back(std::move(edge));
  };
  const std::uint32_t place = core_->rows.place_of(id);
  if (place != detail::no_row) {
    core_->rows.for_each_out(place, core_->last, committed);
    core_->rows.for_each_in(place, core_->last, committed);
  }
  if (const auto waiting = waiting_edges_.find(id); waiting != waiting_edges_.end()) {
    for (const EdgeId edge : waiting->second) {
      const auto* change = changes_.of(edge);
      if (change != nullptr && *change && ((*change)->from == id || (*change)->to == id)) all.push_back(**change);
    }
  }
  std::sort(all.begin(), all.end(), [](const Edge& a, const Edge& b) { return a.id < b.id; });
  all.erase(std::unique(all.begin(), all.end(), [](const Edge& a, const Edge& b) { return a.id == b.id; }),
            all.end());
  return all;
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
std::vector<NodeId> KnowledgeGraph<S, Index, Store>::node_ids() const {
  std::vector<NodeId> all;
  const detail::GraphRows& rows = core_->rows;
  rows.for_each_node(core_->last, [&](std::uint32_t row) { all.push_back(rows.place(rows.node(row).place).id); });
  for (const auto& [id, node] : changes_.nodes()) all.push_back(id);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
std::vector<EdgeId> KnowledgeGraph<S, Index, Store>::edge_ids() const {
  std::vector<EdgeId> all;
  core_->rows.for_each_edge(core_->last, [&](std::uint32_t row) { all.push_back(core_->rows.edge(row).id); });
  for (const auto& [id, edge] : changes_.edges()) all.push_back(id);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
store::Changes KnowledgeGraph<S, Index, Store>::real_changes() const {
  store::Changes real;
  const detail::GraphRows& rows = core_->rows;
  const auto sort_out = [&](const auto& changes, auto&& value_of) {
    for (const auto& [id, value] : changes) {
      const std::uint32_t row = rows.row_of(id, core_->last);
      if (!value) {
        if (row != detail::no_row) real.erase(id);
      } else if (row == detail::no_row || !rows.same(value_of(row), *value)) {
        real.put(*value);
      }
    }
  };
  sort_out(changes_.nodes(), [&](std::uint32_t row) -> const detail::NodeRow& { return rows.node(row); });
  sort_out(changes_.edges(), [&](std::uint32_t row) -> const detail::EdgeRow& { return rows.edge(row); });
  return real;
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
Version KnowledgeGraph<S, Index, Store>::commit(std::string_view note, Time at) {
  const store::Changes real = real_changes();
  detail::RowNeeds needs;
  for (const auto& [id, node] : real.nodes()) {
    if (node) needs.add(*node);
  }
  for (const auto& [id, edge] : real.edges()) {
    if (edge) needs.add(*edge);
  }
  {
    const std::unique_lock lock(core_->mutex);
    core_->rows.make_room(needs);
  }
  Version version;
  try {
    for (const auto& [id, node] : real.nodes()) node ? store_.put(*node) : void(store_.erase(id));
    for (const auto& [id, edge] : real.edges()) edge ? store_.put(*edge) : void(store_.erase(id));
    for (const auto& [id, use] : uses_) store_.put(use);
    write_properties();
    version = store_.commit(note, at);
  } catch (...) {
    store_.discard();
    throw;
  }
  publish(version, real);
  changes_.clear();
  uses_.clear();
  waiting_edges_.clear();
  committed_ = next_;
  return version;
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
void KnowledgeGraph<S, Index, Store>::publish(Version version, const store::Changes& changes) {
  std::vector<LexiconEntry> added;
  for (const auto& [id, node] : changes.nodes()) {
    if (!node) continue;
    if (auto entry = words_of(*node, version)) added.push_back(std::move(*entry));
  }
  if (version != core_->last) change_words(added, {}, core_->last);  // before anybody sees the version
  std::vector<std::int64_t> removed;
  {
    const std::unique_lock lock(core_->mutex);
    detail::GraphRows& rows = core_->rows;
    for (const auto& [id, use] : uses_) rows.set(use);
    if (version == core_->last) return;
    const Version last = core_->last;
    std::set<NodeId> touched;  // see RecentChanges
    for (const auto& [id, node] : changes.nodes()) touched.insert(id);
    const auto touch_ends = [&](Version at) {
      for (const auto& [id, edge] : changes.edges()) {
        const std::uint32_t row = rows.row_of(id, at);
        if (row == detail::no_row) continue;
        const detail::EdgeRow& one = rows.edge(row);
        touched.insert(rows.place(one.to).id);
        if (!functional(one.kind)) continue;
        rows.for_each_out(one.from, at, [&](std::uint32_t other) {
          if (rows.edge(other).kind == one.kind) touched.insert(rows.place(rows.edge(other).to).id);
        });
      }
    };
    touch_ends(last);
    for (const auto& [id, edge] : changes.edges()) rows.expire(id, last, version);
    for (const auto& [id, node] : changes.nodes()) rows.expire(id, last, version);
    detail::IndexBatch<Index> batch(core_->index, limits_.dim);
    for (const auto& [id, node] : changes.nodes()) {
      if (!node) continue;
      batch.add(rows.add(*node, {version, never}), node->vector);
    }
    batch.flush();
    for (const auto& [id, edge] : changes.edges()) {
      if (edge) rows.add(*edge, {version, never});
    }
    for (const auto& [id, use] : uses_) rows.set(use);
    touch_ends(version);
    std::vector<detail::RecentChanges::Touched> all;
    for (const NodeId id : touched) all.push_back({id, rows.row_of(id, last)});
    core_->changes.add(version, std::move(all));
    versions_ = store_.versions();
    core_->last = version;
    removed = forget_old();
  }
  change_words({}, removed, version);
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
std::vector<std::int64_t> KnowledgeGraph<S, Index, Store>::forget_old() {
  Version oldest = versions_.front().version;
  {
    const std::scoped_lock lock(core_->holding);
    if (!core_->held.empty()) oldest = std::min(oldest, *core_->held.begin());
  }
  std::vector<NodeId> rows;
  std::vector<std::int64_t> keys;
  for (const detail::GraphRows::Gone& gone : core_->rows.purge(oldest)) {
    rows.push_back({gone.row});
    keys.push_back(detail::word_key(gone.created, gone.id));
  }
  core_->index.erase(View<const NodeId>(rows));
  return keys;
}

template <GraphSchema S, VectorIndex Index, GraphStore Store>
Version KnowledgeGraph<S, Index, Store>::rollback(Version version, Time at) {
  store::place_of(versions_, version);
  if (version < vectors_since_) {
    throw InvalidArgument(concat("version ", version.value, " has vectors of another encoder than version ",
                                 vectors_since_.value, " and later ones: it can be looked at, not gone back to"));
  }
  discard();
  const detail::GraphRows& rows = core_->rows;
  const Version last = core_->last;
  std::vector<NodeId> nodes;  // that differ
  std::vector<EdgeId> edges;
  detail::RowNeeds needs;
  std::vector<Edge> again;
  for (const Version one : {version, last}) {
    rows.for_each_node(one, [&](std::uint32_t row) {
      const detail::NodeRow& node = rows.node(row);
      if (detail::GraphRows::visible(node, version) && detail::GraphRows::visible(node, last)) return;
      nodes.push_back(rows.place(node.place).id);
      if (one == version) needs.add(rows.record(node));
    });
    rows.for_each_edge(one, [&](std::uint32_t row) {
      const detail::EdgeRow& edge = rows.edge(row);
      if (detail::GraphRows::visible(edge, version) && detail::GraphRows::visible(edge, last)) return;
      edges.push_back(edge.id);
      if (one == version) again.push_back(rows.record(edge));
    });
  }
  for (const Edge& edge : again) needs.add(edge);
  {
    const std::unique_lock lock(core_->mutex);
    core_->rows.make_room(needs);
  }
  const Version next = store_.rollback(version, at);
  store::Changes changes;
  const auto take = [&](auto id) {
    if (auto value = store_.find(id)) {
      changes.put(std::move(*value));
    } else {
      changes.erase(id);
    }
  };
  for (const NodeId id : nodes) take(id);
  for (const EdgeId id : edges) take(id);
  rolled_back_ = true;
  publish(next, changes);
  return next;
}

}  // namespace asterism::knowledge
