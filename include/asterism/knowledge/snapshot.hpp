// A graph as it is at one version: what readers hold while a writer goes on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/graph/instant.hpp"
#include "asterism/knowledge/graph/rows.hpp"
#include "asterism/knowledge/lexicon.hpp"
#include "asterism/knowledge/node_clusters.hpp"
#include "asterism/knowledge/paths.hpp"
#include "asterism/knowledge/rank.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/schema.hpp"
#include "asterism/knowledge/selection.hpp"
#include "asterism/knowledge/sources.hpp"
#include "asterism/knowledge/walk.hpp"

namespace asterism::knowledge {

/// The last instant before forever: what holds from some time on, and has not been ended.
inline constexpr Time latest{forever.microseconds - 1};

/// A node with a number that says how near it is.
struct Scored {
  NodeId id = no_node;
  double score = 0;
  friend bool operator==(const Scored&, const Scored&) = default;
};

/// What a search found, and what it did.
struct Found {
  std::vector<Scored> hits{};   ///< best first
  std::uint64_t rows_read = 0;  ///< vectors compared
  bool exact = true;            ///< certainly the best ones
};

/// Nodes from which one looks for others, and those that should be found.
struct RelatedExample {
  std::vector<Scored> seeds{};
  std::vector<NodeId> wanted{};
};

/// Nodes near others, and whether the meter let the walks end.
struct Related {
  std::vector<Scored> nodes{};  ///< best first
  bool complete = true;
};

/// The edges that a walk follows.
struct WalkOptions {
  std::uint64_t kinds = ~std::uint64_t{0};  ///< of edges, as bits; see edge_kinds
  Direction direction = Direction::both;
  std::size_t hops = 1;
};

/// The set of these kinds of edges, for WalkOptions.
template <class... Kinds>
constexpr std::uint64_t edge_kinds(Kinds... all) {
  return ((std::uint64_t{1} << number(all)) | ... | std::uint64_t{0});
}

struct Neighbour {
  NodeId id = no_node;
  std::size_t hops = 0;
  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

/// A way from node to node along edges that hold at one instant.
struct Way {
  struct Step {
    EdgeId edge = no_edge;
    NodeId to = no_node;
    friend bool operator==(const Step&, const Step&) = default;
  };
  bool found = false;
  std::vector<Step> steps{};  ///< none from a node to itself
  bool complete = true;       ///< false: the meter stopped the search
};

/// What a version holds, by kind, and how it came to that.
struct GraphStatistics {
  std::vector<std::size_t> nodes{};  ///< by kind
  std::vector<std::size_t> edges{};  ///< by kind, at any instant
  std::size_t merged = 0;            ///< nodes that another one stands for
  std::size_t pinned = 0;
  std::size_t disputed = 0;     ///< functional edges beaten by another one at the same time
  std::size_t added = 0;        ///< nodes that the version before it had not
  std::size_t gone = 0;         ///< evicted or erased: that the version before it had, if that is kept
  std::uint64_t uses = 0;       ///< answers served, as of the last version
  Time middle_use = beginning;  ///< when the middle one of all nodes that were ever used or filed was so last
  Bytes text{};                 ///< used, by all versions
  Bytes memory{};               ///< drawn
};

namespace detail {

/// What a graph and its snapshots share. Readers hold the mutex while they read, the writer alone while it publishes.
template <class Index>
struct GraphCore {
  GraphCore(const RowMemory& pieces, Index of_rows, Lexicon of_texts)
      : rows(pieces), index(std::move(of_rows)), lexicon(std::move(of_texts)) {}

  mutable std::shared_mutex mutex;
  GraphRows rows;
  Index index;  ///< of rows: a value's vector has its row as id
  Lexicon lexicon;
  Version last{};
  Bytes memory{};  ///< drawn
  RecentChanges changes;
  mutable RecentSelections selections;
  mutable std::mutex holding;
  std::multiset<Version> held{};  ///< versions of living snapshots
};

/// The word list's key for a value.
inline std::int64_t word_key(Version created, NodeId id) {
  return static_cast<std::int64_t>((created.value << 32U) | id.value);
}

}  // namespace detail

/// One version of a graph at one instant of valid time. Nothing that is committed later changes what it answers, but
/// for scores of `words`, which rank texts among all that are there, and counts of uses. Copies are cheap. All members
/// may be called from several threads at once, while a writer commits. The graph outlives it; values that it sees stay
/// in memory until it is gone.
template <GraphSchema S, class Index>
class Snapshot {
 public:
  using Schema = S;
  using NodeKind = typename Schema::NodeKind;
  using EdgeKind = typename Schema::EdgeKind;

  Snapshot(detail::GraphCore<Index>& core, Version version, Time valid)
      : core_(&core), version_(version), valid_(valid) {
    const std::scoped_lock lock(core_->holding);
    core_->held.insert(version_);
  }
  Snapshot(const Snapshot& other) : Snapshot(*other.core_, other.version_, other.valid_) {}
  Snapshot& operator=(const Snapshot& other) {
    Snapshot copy(other);
    std::swap(core_, copy.core_);
    std::swap(version_, copy.version_);
    std::swap(valid_, copy.valid_);
    return *this;
  }
  ~Snapshot() {
    const std::scoped_lock lock(core_->holding);
    core_->held.erase(core_->held.find(version_));
  }

  Version version() const { return version_; }
  Time valid() const { return valid_; }
  /// The same version at another instant.
  Snapshot as_of(Time valid) const { return Snapshot(*core_, version_, valid); }

  /// A node without its vector, or an edge; nothing if this version has none.
  std::optional<Node> node(NodeId id) const {
    const std::shared_lock lock(core_->mutex);
    const std::uint32_t row = rows().row_of(id, version_);
    return row == detail::no_row ? std::nullopt : std::optional(rows().record(rows().node(row)));
  }
  std::optional<Edge> edge(EdgeId id) const {
    const std::shared_lock lock(core_->mutex);
    const std::uint32_t row = rows().row_of(id, version_);
    return row == detail::no_row ? std::nullopt : std::optional(rows().record(rows().edge(row)));
  }
  /// The nodes that have this name or alias, whatever its case and form; ascending.
  std::vector<NodeId> find(std::string_view name) const {
    const std::string key = folded(name);
    const std::shared_lock lock(core_->mutex);
    return rows().named(key, version_);
  }

  /// Edges of a node that hold at the instant, by id.
  std::vector<Edge> edges(NodeId id, Direction direction = Direction::both,
                          std::uint64_t kinds = ~std::uint64_t{0}) const {
    const std::shared_lock lock(core_->mutex);
    std::vector<Edge> all;
    const std::uint32_t place = place_of(id);
    if (place == detail::no_row) return all;
    const detail::Instant instant = this->instant(kinds);
    const auto keep = [&](std::uint32_t row) {
      if (instant.holds(row)) all.push_back(rows().record(rows().edge(row)));
    };
    if (direction != Direction::in) rows().for_each_out(place, version_, keep);
    if (direction != Direction::out) rows().for_each_in(place, version_, keep);
    const auto by_id = [](const Edge& a, const Edge& b) { return a.id < b.id; };
    std::sort(all.begin(), all.end(), by_id);
    const auto same = [](const Edge& a, const Edge& b) { return a.id == b.id; };
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
    return all;
  }
  /// The nodes within so many hops, without the node itself, nearest first, then by id.
  std::vector<Neighbour> neighbours(NodeId id, const WalkOptions& walk = {}) const {
    const std::shared_lock lock(core_->mutex);
    std::vector<Neighbour> all;
    const std::uint32_t place = place_of(id);
    if (place == detail::no_row) return all;
    for (const Hop& hop : reachable(instant(walk.kinds), place, walk.hops, walk.direction).places) {
      all.push_back({id_of(hop.place), hop.hops});
    }
    std::sort(all.begin(), all.end(), [](const Neighbour& a, const Neighbour& b) {
      return a.hops != b.hops ? a.hops < b.hops : a.id < b.id;
    });
    return all;
  }
  /// A shortest way along outgoing edges, of at most `depth` of them.
  template <Meter M = Unlimited>
  Way path(NodeId from, NodeId to, std::size_t depth = 3, M meter = {}) const {
    const std::shared_lock lock(core_->mutex);
    const std::uint32_t start = place_of(from);
    const std::uint32_t end = place_of(to);
    if (start == detail::no_row || end == detail::no_row) return {};
    const Path path = shortest_path(instant(), start, end, depth, std::move(meter));
    Way way{.found = path.found, .complete = path.complete};
    for (const Step& step : path.steps) way.steps.push_back({step.edge, id_of(step.place)});
    return way;
  }
  /// The k nodes nearest to the seeds by a walk, by default personalised PageRank along outgoing edges, each with its
  /// score. Seeds have scores above 0; those that are not there are passed over.
  template <Meter M = Unlimited>
  Related related(View<const Scored> seeds, std::size_t k, M meter = {}) const {
    return related_by(PageRank{}, seeds, k, std::move(meter));
  }
  template <WalkPolicy Walk, Meter M = Unlimited>
  Related related_by(const Walk& walk, View<const Scored> seeds, std::size_t k, M meter = {}) const {
    const std::shared_lock lock(core_->mutex);
    const std::vector<Seed> starts = seeds_of(seeds);
    Related related;
    if (starts.empty()) return related;
    // All of them: places are ordered by their numbers, nodes by their ids.
    const Ranking ranking =
        walk.rank(instant(), View<const Seed>(starts), std::numeric_limits<std::size_t>::max(), std::move(meter));
    related.complete = ranking.complete;
    for (const Ranked& one : ranking.places) related.nodes.push_back({id_of(one.place), one.score});
    best(related.nodes, k);
    return related;
  }
  /// Lets a walk learn from examples: the nodes from which walks began, and those where they should have ended. Returns
  /// what `walk.learn` does, see AttentionWalk.
  template <class Walk>
  double teach(Walk& walk, View<const RelatedExample> examples) const {
    const std::shared_lock lock(core_->mutex);
    std::vector<WalkExample> all;
    for (const RelatedExample& example : examples) {
      WalkExample one{.seeds = seeds_of(View<const Scored>(example.seeds))};
      for (const NodeId id : example.wanted) {
        const std::uint32_t place = place_of(id);
        if (place != detail::no_row) one.wanted.push_back(place);
      }
      all.push_back(std::move(one));
    }
    return walk.learn(instant(), View<const WalkExample>(all));
  }

  /// Clusters of the nodes by the edges that hold, see knowledge/clusters.hpp. With those of an earlier version they
  /// start from these, and keep their ids.
  template <Meter M = Unlimited>
  NodeClusters clusters(const NodeClusters& previous = {}, M meter = {}) const {
    const std::shared_lock lock(core_->mutex);
    std::vector<NodeId> nodes(rows().places(), no_node);
    rows().for_each_node(
        version_, [&](std::uint32_t row) { nodes[rows().node(row).place] = id_of(rows().node(row).place); });
    Clusters found = knowledge::clusters(instant(), previous.moved_to(nodes), std::move(meter));
    return {version_, std::move(nodes), std::move(found)};
  }

  /// The nodes that a query lets through, for `search` and `words`. Those asked for last are kept for the next time.
  Selection select(const NodeQuery& query = {}) const {
    const detail::RecentSelections::Key key{version_, valid_, query};
    if (auto known = core_->selections.find(key)) return *known;
    const Selection selection(make(query, core_->selections.before(key)));
    core_->selections.put(key, selection);
    return selection;
  }
  /// The same, of the nodes for which wanted(node without its vector) is true.
  template <class Wanted>
  Selection select_if(Wanted&& wanted) const {
    const std::shared_lock lock(core_->mutex);
    Selection::Nodes nodes;
    rows().for_each_node(version_, [&](std::uint32_t row) {
      if (wanted(rows().record(rows().node(row)))) nodes.allow(row, id_of(rows().node(row).place));
    });
    return Selection(std::move(nodes));
  }

  /// The nodes whose vectors are most like each query's: queries (q, dim). BadVector as the index.
  std::vector<Found> search(MatrixView<const float> queries, std::size_t k, const Selection& selection,
                            Effort effort = {}) const {
    std::vector<Hit> hits(queries.rows * k);
    const MatrixView<Hit> out(hits.data(), queries.rows, k);
    const std::shared_lock lock(core_->mutex);
    const Searched searched = core_->index.search(queries, k, selection.nodes().rows, effort, out);
    std::vector<Found> found(queries.rows);
    for (std::size_t q = 0; q < queries.rows; ++q) {
      found[q].rows_read = searched.rows_read;
      found[q].exact = searched.exact;
      for (const Hit& hit : out.row(q)) {
        if (hit.id == no_node) break;
        found[q].hits.push_back({id_of(rows().node(hit.id.value).place), double{hit.score}});
      }
    }
    return found;
  }
  Found search(View<const float> query, std::size_t k, const Selection& selection, Effort effort = {}) const {
    return search(MatrixView<const float>(query.data, 1, query.size), k, selection, effort)[0];
  }
  /// The nodes whose texts have the most telling words in common with a text (BM25), best first.
  std::vector<Scored> words(std::string_view text, std::size_t k, const Selection& selection) const {
    const std::shared_lock lock(core_->mutex);
    const auto allowed = [&](std::int64_t key) {
      const std::uint32_t row = rows().row_of(NodeId{static_cast<std::uint32_t>(key)}, version_);
      return row != detail::no_row && rows().node(row).created == static_cast<std::uint64_t>(key) >> 32U &&
             selection.nodes().rows.allows({row});
    };
    std::vector<Scored> all;
    for (const LexiconHit& hit : core_->lexicon.search(text, k, allowed)) {
      all.push_back({NodeId{static_cast<std::uint32_t>(hit.key)}, hit.score});
    }
    return all;
  }

  /// f(node without its vector) for all nodes; f(edge) for all edges, at any instant. f calls no graph.
  template <class F>
  void for_each_node(F&& f) const {
    const std::shared_lock lock(core_->mutex);
    rows().for_each_node(version_, [&](std::uint32_t row) { f(rows().record(rows().node(row))); });
  }
  template <class F>
  void for_each_edge(F&& f) const {
    const std::shared_lock lock(core_->mutex);
    rows().for_each_edge(version_, [&](std::uint32_t row) { f(rows().record(rows().edge(row))); });
  }
  Use use(NodeId id) const {
    const std::shared_lock lock(core_->mutex);
    const std::uint32_t place = place_of(id);
    if (place == detail::no_row) return {.node = id};
    return {.node = id, .count = rows().place(place).uses, .last = rows().place(place).last_use};
  }

  GraphStatistics statistics() const {
    const std::shared_lock lock(core_->mutex);
    GraphStatistics all;
    all.nodes.resize(Schema::node_kinds);
    all.edges.resize(Schema::edge_kinds);
    std::vector<Time> last_uses;
    const auto before = [&](NodeId id) {
      return version_.value > 0 && rows().row_of(id, Version{version_.value - 1}) != detail::no_row;
    };
    rows().for_each_node(version_, [&](std::uint32_t row) {
      const detail::NodeRow& node = rows().node(row);
      const auto& place = rows().place(node.place);
      if (node.created == version_.value && !before(place.id)) ++all.added;
      if (place.last_use != beginning) last_uses.push_back(place.last_use);
      ++all.nodes[node.kind];
      if (node.merged_into != no_node) ++all.merged;
      if (node.pinned) ++all.pinned;
      all.uses += place.uses;
    });
    if (!last_uses.empty()) {
      const auto middle = last_uses.begin() + static_cast<std::ptrdiff_t>(last_uses.size() / 2);
      std::nth_element(last_uses.begin(), middle, last_uses.end());
      all.middle_use = *middle;
    }
    if (version_.value > 0) {
      rows().for_each_node(Version{version_.value - 1}, [&](std::uint32_t row) {
        if (place_of(id_of(rows().node(row).place)) == detail::no_row) ++all.gone;
      });
    }
    rows().for_each_edge(version_, [&](std::uint32_t row) {
      const detail::EdgeRow& edge = rows().edge(row);
      ++all.edges[edge.kind];
      const detail::Instant then(rows(), version_, edge.valid_from, functional_kinds);
      if (then.disputed(row)) ++all.disputed;
    });
    all.text = {rows().text_used()};
    all.memory = core_->memory;
    return all;
  }

  /// Edges that say facts, see GraphSchema.
  static constexpr std::uint64_t fact_kinds = [] {
    std::uint64_t bits = 0;
    for (std::size_t kind = 0; kind < Schema::edge_kinds; ++kind) {
      if constexpr (requires { Schema::to_fact(EdgeKind{}); }) {
        if (Schema::to_fact(static_cast<EdgeKind>(kind))) bits |= std::uint64_t{1} << kind;
      } else {
        if (Schema::functional(static_cast<EdgeKind>(kind))) bits |= std::uint64_t{1} << kind;
      }
    }
    return bits;
  }();
  static constexpr std::uint64_t functional_kinds = [] {
    std::uint64_t bits = 0;
    for (std::size_t kind = 0; kind < Schema::edge_kinds; ++kind) {
      if (Schema::functional(static_cast<EdgeKind>(kind))) bits |= std::uint64_t{1} << kind;
    }
    return bits;
  }();

 private:
  const detail::GraphRows& rows() const { return core_->rows; }
  detail::Instant instant(std::uint64_t kinds = ~std::uint64_t{0}) const {
    return detail::Instant(rows(), version_, valid_, functional_kinds, kinds);
  }
  NodeId id_of(std::uint32_t place) const { return rows().place(place).id; }
  /// The place of a node that is part of this version.
  std::uint32_t place_of(NodeId id) const {
    const std::uint32_t place = rows().place_of(id);
    return place == detail::no_row || rows().at(place, version_) == detail::no_row ? detail::no_row : place;
  }
  std::vector<Seed> seeds_of(View<const Scored> nodes) const {
    std::vector<Seed> starts;
    for (const Scored& node : nodes) {
      const std::uint32_t place = place_of(node.id);
      if (place != detail::no_row) starts.push_back({place, node.score});
    }
    return starts;
  }
  /// The nodes of a selection, from those of an earlier version where it is known what was touched since.
  Selection::Nodes make(const NodeQuery& query, const std::optional<std::pair<Version, Selection>>& before) const {
    const std::shared_lock lock(core_->mutex);
    const detail::Instant instant = this->instant();
    if (before) {
      Selection::Nodes nodes = before->second.nodes();
      std::vector<NodeId> touched;
      const bool known =
          core_->changes.between(before->first, version_, [&](const detail::RecentChanges::Touched& one) {
            nodes.forbid(one.row, one.id);
            touched.push_back(one.id);
          });
      if (known) {
        std::sort(touched.begin(), touched.end());
        touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
        for (const NodeId id : touched) {
          const std::uint32_t row = rows().row_of(id, version_);
          if (row != detail::no_row && lets_through(query, instant, rows().node(row))) nodes.allow(row, id);
        }
        return nodes;
      }
    }
    Selection::Nodes nodes;
    rows().for_each_node(version_, [&](std::uint32_t row) {
      if (lets_through(query, instant, rows().node(row))) nodes.allow(row, id_of(rows().node(row).place));
    });
    return nodes;
  }
  bool lets_through(const NodeQuery& query, const detail::Instant& instant, const detail::NodeRow& row) const {
    if ((query.kinds >> row.kind & 1U) == 0) return false;
    if (!query.merged && row.merged_into != no_node) return false;
    if (query.source && !names_source(rows().source(row), *query.source)) return false;
    return !query.valid || instant.place_holds(row.place, fact_kinds);
  }
  /// The k best, best first, ties to the lower id.
  static void best(std::vector<Scored>& all, std::size_t k) {
    std::sort(all.begin(), all.end(), [](const Scored& a, const Scored& b) {
      return a.score != b.score ? a.score > b.score : a.id < b.id;
    });
    if (all.size() > k) all.resize(k);
  }

  detail::GraphCore<Index>* core_;
  Version version_;
  Time valid_;
};

}  // namespace asterism::knowledge
