// The librarian: files what is reported into a graph, once, with who said so and since when.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
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
#include "asterism/librarian/concept.hpp"
#include "asterism/librarian/incoming.hpp"
#include "asterism/librarian/members.hpp"
#include "asterism/librarian/mentions.hpp"
#include "asterism/librarian/policies.hpp"
#include "asterism/librarian/report.hpp"
#include "asterism/librarian/room.hpp"
#include "asterism/librarian/statement.hpp"

namespace asterism::librarian {

/// Files reports into a graph, each as a node. One that says what a node says already is merged into it: it stays as a
/// row of its own behind the node that stands for it, so that `unmerge` undoes it. One of a functional kind ends the
/// fact before it. Where there is no room, what is worth least goes.
///
/// Which reports become one: of a batch those at least `Similarity::join` alike, with nodes those at least
/// `Similarity::merge`, in both cases only if `Merge::allows`, and only while the merged vector stays as near to the
/// first one. The order of reports in a batch does not matter: it is sorted by confidence, then by a hash of what is
/// said. Filing twice equals filing once.
///
/// For one thread; readers may hold snapshots of the graph meanwhile. Graph and encoder outlive it. Changes that
/// others commit to the graph are seen at its next call. Memory beside the graph's: some 40 bytes for each node, and
/// what a batch takes.
///
/// @tparam Graph  a knowledge::KnowledgeGraph
template <class Graph, encode::TextEncoder Encoder, SimilarityPolicy Similarity = Cosine,
          MergePolicy Merge = WeightedCentre, ConflictPolicy Conflict = LaterEnds,
          EvictionPolicy Eviction = FadingWorth>
class Librarian {
 public:
  using Schema = typename Graph::Schema;
  using NodeKind = typename Graph::NodeKind;
  using EdgeKind = typename Graph::EdgeKind;
  using Snapshot = typename Graph::Snapshot;

  /// EncoderMismatch if the graph's vectors are made by another encoder, or have another width.
  Librarian(Graph& graph, const Encoder& encoder) : graph_(&graph), encoder_(&encoder), members_(graph) {
    if (graph.options().encoder != encoder.fingerprint() || graph.limits().dim != encoder.dim()) {
      throw knowledge::EncoderMismatch(concat("the graph is made for the encoder with the fingerprint ",
                                              graph.options().encoder, " and ", graph.limits().dim,
                                              " numbers, this one has ", encoder.fingerprint(), " and ",
                                              encoder.dim(), ": give the graph the encoder's fingerprint"));
    }
    reload();
  }

  /// Files a batch as one version, or several where it is larger than a hundredth of the graph's room. Reports that
  /// can't be kept are refused one by one. KnowledgeFull if there is no room and all is pinned, FileError as the store;
  /// then the versions before stand.
  Filed file(View<const Report> reports, knowledge::Time now) {
    catch_up();
    Filed filed;
    filed.reports.resize(reports.size);
    std::vector<Incoming> batch = detail::Reception<Graph, Encoder>(*graph_, *encoder_).examine(reports, filed);
    std::set<knowledge::NodeId> about;
    for (const Incoming& one : batch) about.insert(one.report->about);
    const std::size_t piece = std::max<std::size_t>(1, graph_->limits().nodes / 100);
    for (std::size_t first = 0; first < batch.size(); first += piece) {
      const std::size_t count = std::min(piece, batch.size() - first);
      filed.version = whole([&] {
        file_piece(View<Incoming>(batch.data() + first, count), filed, about, now);
        return graph_->commit(concat("filed ", count, " reports"), now);
      });
    }
    if (batch.empty()) filed.version = graph_->snapshot().version();
    return filed;
  }

  /// Takes a merged report out of the node that stands for it, or, given that node, all of them. False if it is
  /// neither.
  bool unmerge(knowledge::NodeId id, knowledge::Time now) {
    catch_up();
    if (!members_.may_leave(id)) return false;
    whole([&] {
      members_.take_apart(id);
      return graph_->commit(concat("unmerge ", id.value), now);
    });
    return true;
  }

  /// Files questions that were answered, each with the facts that served, which count as used: experience for later
  /// questions. Facts that are not there are passed over. One version. Needs a schema with `question_kind` and
  /// `used_kind`.
  knowledge::Version remember(View<const Answered> questions, knowledge::Time now) {
    catch_up();
    return whole([&] { return put_questions(questions, now); });
  }

  Graph& graph() { return *graph_; }
  const Graph& graph() const { return *graph_; }
  const Encoder& encoder() const { return *encoder_; }

 private:
  using Incoming = detail::Incoming;

  /// Runs `change`, which commits; after an exception nothing waits, and what is known of the graph is what it holds.
  template <class Change>
  knowledge::Version whole(Change&& change) {
    try {
      seen_ = change();
      return seen_;
    } catch (...) {
      graph_->discard();
      reload();
      throw;
    }
  }
  /// Somebody else may have changed the graph.
  void catch_up() {
    if (graph_->snapshot().version() != seen_) reload();
  }

  knowledge::Version put_questions(View<const Answered> questions, knowledge::Time now) {
    const Snapshot snapshot = graph_->snapshot();
    std::vector<std::string> texts;
    for (const Answered& one : questions) texts.push_back(masked_question(snapshot, one.question));
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const std::size_t dim = encoder_->dim();
    std::vector<float> numbers(texts.size() * dim);
    encoder_->encode(View<const std::string_view>(views), MatrixView<float>(numbers.data(), texts.size(), dim));
    for (std::size_t i = 0; i < questions.size; ++i) {
      const auto row = numbers.begin() + static_cast<std::ptrdiff_t>(i * dim);
      const knowledge::NodeId id = graph_->put({.kind = knowledge::number(Schema::question_kind),
                                                .text = questions[i].question,
                                                .source = knowledge::with_source("", questions[i].source),
                                                .vector = {row, row + static_cast<std::ptrdiff_t>(dim)}});
      graph_->set_use({.node = id, .count = 0, .last = now});
      for (const knowledge::NodeId fact : questions[i].served) {
        const std::optional<knowledge::Node> node = graph_->node_now(fact);
        if (!node || (Schema::ends(Schema::used_kind).to >> node->kind & 1U) == 0) continue;
        graph_->link(
            {.from = id, .kind = knowledge::number(Schema::used_kind), .to = fact, .source = questions[i].source});
        graph_->use(fact, now);
      }
    }
    return graph_->commit(concat("remembered ", questions.size, " questions"), now);
  }

  void file_piece(View<Incoming> batch, Filed& filed, const std::set<knowledge::NodeId>& about,
                  knowledge::Time now) {
    const Snapshot snapshot = graph_->snapshot();
    filed.evicted += detail::make_room<Eviction>(*graph_, members_, batch.size, about, now);
    std::vector<const Incoming*> kept;
    for (Incoming& one : batch) {
      FiledReport& report = filed.reports[one.place];
      if (one.report->relation && !graph_->node_now(one.report->about)) {
        report = {Outcome::refused, knowledge::no_node,
                  concat("it is about node ", one.report->about.value, ", which is gone")};
        continue;
      }
      if (const auto node = said_already(one)) {
        report = {Outcome::duplicate, *node, concat("'", one.source, "' has said so")};
        holds_again(one, *node, report);
        continue;
      }
      if (join(one, kept, report) || join_node(snapshot, one, report)) continue;
      insert(one, report, now);
      if (one.node != knowledge::no_node) kept.push_back(&one);
    }
  }

  /// Merges with the most similar report of the batch that is kept.
  bool join(const Incoming& one, const std::vector<const Incoming*>& kept, FiledReport& filed) {
    const Incoming* best = nullptr;
    double most = Similarity::join;
    for (const Incoming* other : kept) {
      if (!Merge::allows(one.statement, other->statement)) continue;
      const double alike = Similarity::of(View<const float>(one.vector), View<const float>(other->vector));
      if (alike < most || (best != nullptr && alike == most)) continue;
      most = alike;
      best = other;
    }
    return best != nullptr && merge(one, best->node, Similarity::join, filed) &&
           holds_again(one, best->node, filed);
  }

  /// Merges with the most similar node that says the same.
  bool join_node(const Snapshot& snapshot, const Incoming& one, FiledReport& filed) {
    constexpr std::size_t candidates = 8;
    const auto selection = snapshot.select({.kinds = knowledge::KindSet{1} << one.report->kind, .valid = false});
    const knowledge::Found found = snapshot.search(View<const float>(one.vector), candidates, selection);
    std::vector<knowledge::NodeId> near;
    if (one.report->relation) {  // what is said of the same thing may be one of many that are alike
      for (const knowledge::Edge& edge : graph_->edges_at(one.report->about)) {
        if (edge.from == one.report->about && edge.kind == *one.report->relation) near.push_back(edge.to);
      }
    }
    for (const knowledge::Scored& hit : found.hits) near.push_back(hit.id);
    for (const knowledge::NodeId id : near) {
      const std::optional<knowledge::Node> node = graph_->node_now(id);
      if (!node || node->vector.empty()) continue;
      if (Similarity::of(View<const float>(one.vector), View<const float>(node->vector)) < Similarity::merge)
        continue;
      if (!Merge::allows(one.statement, statement(snapshot, *node, one))) continue;
      if (merge(one, id, Similarity::merge, filed)) return holds_again(one, id, filed);
    }
    return false;
  }

  /// Of a node that is there: about the same as a report if an edge of its relation says so, else about what a
  /// functional edge says.
  Statement statement(const Snapshot& snapshot, const knowledge::Node& node, const Incoming& beside) const {
    if (about_the_same(beside, node.id) && beside.report->relation) {
      return detail::statement_of(snapshot, node.kind, node.text, beside.report->about, beside.report->relation);
    }
    for (const knowledge::Edge& edge : graph_->edges_at(node.id)) {
      if (edge.to != node.id || (Snapshot::functional_kinds >> edge.kind & 1U) == 0) continue;
      return detail::statement_of(snapshot, node.kind, node.text, edge.from, edge.kind);
    }
    return detail::statement_of(snapshot, node.kind, node.text, knowledge::no_node, std::nullopt);
  }

  /// The node where the report's source has said so before, whatever has become of its vector.
  std::optional<knowledge::NodeId> said_already(const Incoming& one) const {
    return members_.said(one.report->kind, one.report->text, one.source,
                         [&](knowledge::NodeId node) { return about_the_same(one, node); });
  }
  /// True if the report is about nothing, or an edge of its relation leads from there to the node.
  bool about_the_same(const Incoming& one, knowledge::NodeId node) const {
    if (!one.report->relation) return true;
    const std::vector<knowledge::Edge> edges = graph_->edges_at(node);
    return std::any_of(edges.begin(), edges.end(), [&](const knowledge::Edge& edge) {
      return edge.to == node && edge.from == one.report->about && edge.kind == *one.report->relation;
    });
  }

  /// Where a node says what the report says, and its functional edge does not hold from the report's instant on,
  /// another one does from then: it is true again, or was before. Always true.
  bool holds_again(const Incoming& one, knowledge::NodeId node, FiledReport& filed) {
    if (!functional(one)) return true;
    for (const knowledge::Edge& edge : graph_->edges_at(node)) {
      const bool same = edge.to == node && edge.from == one.report->about && edge.kind == *one.report->relation;
      if (same && edge.valid_from <= one.report->valid_from && one.report->valid_from < edge.valid_to) return true;
    }
    lead_to(one, node, filed);
    return true;
  }
  static bool functional(const Incoming& one) {
    return one.report->relation && (Snapshot::functional_kinds >> *one.report->relation & 1U) != 0;
  }

  bool merge(const Incoming& one, knowledge::NodeId into, double least, FiledReport& filed) {
    if (!members_.merge(detail::node_of(one), into, least)) return false;
    filed = {Outcome::merged, into, concat("says what node ", into.value, " says")};
    return true;
  }

  /// The edge by which the report's thing leads to a node.
  static knowledge::Edge edge_to(const Incoming& one, knowledge::NodeId node) {
    return {.from = one.report->about,
            .kind = one.report->relation.value_or(0),
            .to = node,
            .valid_from = one.report->valid_from,
            .confidence = one.report->confidence,
            .source = one.source};
  }
  /// The node of a fact with which the report's may not be, if there is one.
  std::optional<knowledge::NodeId> refused_for(const Incoming& one) const {
    if (!functional(one)) return std::nullopt;
    const knowledge::Edge said = edge_to(one, knowledge::no_node);
    for (const knowledge::Edge& held : graph_->edges_at(said.from)) {
      if (held.from != said.from || held.kind != said.kind || held.valid_to <= said.valid_from) continue;
      if (Conflict::decide(held, said) == Verdict::refuse) return held.to;
    }
    return std::nullopt;
  }
  /// A functional edge to a node, with what it ends.
  void lead_to(const Incoming& one, knowledge::NodeId node, FiledReport& filed) {
    if (const auto held = refused_for(one)) {
      filed.why = concat("node ", held->value, " holds then");
      return;
    }
    const knowledge::Superseded done = graph_->supersede(edge_to(one, node));
    if (!done.disputed.empty()) {
      filed.outcome = Outcome::disputed;
      filed.why = concat("another fact holds from the same instant on: edge ", done.disputed.front().value);
    } else if (!done.closed.empty()) {
      filed.outcome = Outcome::superseding;
      filed.why = concat("it ends edge ", done.closed.front().value);
    } else if (graph_->edge_now(done.edge)->valid_to != knowledge::forever) {
      filed.outcome = Outcome::superseding;
      filed.why = "a later fact ends it";
    }
  }

  void insert(Incoming& one, FiledReport& filed, knowledge::Time now) {
    if (const auto held = refused_for(one)) {
      filed = {Outcome::refused, knowledge::no_node, concat("node ", held->value, " holds then")};
      return;
    }
    one.node = members_.put(detail::node_of(one));
    filed = {Outcome::inserted, one.node, ""};
    graph_->set_use({.node = one.node, .count = 0, .last = now});
    if (functional(one)) {
      lead_to(one, one.node, filed);
    } else if (one.report->relation) {
      graph_->link(edge_to(one, one.node));
    }
  }

  void reload() {
    members_.reload();
    seen_ = graph_->snapshot().version();
  }

  Graph* graph_;
  const Encoder* encoder_;
  detail::Members<Graph, Similarity, Merge> members_;
  knowledge::Version seen_{};  ///< of the graph, which the members are of
};

}  // namespace asterism::librarian
