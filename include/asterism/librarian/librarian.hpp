// The librarian: files what is reported into a graph, once, with who said so and since when.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/check.hpp"
#include "asterism/encode/concept.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/librarian/concept.hpp"
#include "asterism/librarian/mentions.hpp"
#include "asterism/librarian/policies.hpp"
#include "asterism/librarian/report.hpp"
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
  Librarian(Graph& graph, const Encoder& encoder) : graph_(&graph), encoder_(&encoder) {
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
    std::vector<Incoming> batch = examine(reports, filed);
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
    if (members_.count(id) == 0) {
      const std::optional<knowledge::Node> node = graph_->node_now(id);
      if (!node || node->merged_into == knowledge::no_node) return false;
      if (members_.at(node->merged_into).front() == id) return false;
    }
    whole([&] {
      take_apart(id);
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

  /// A report on its way.
  struct Incoming {
    const Report* report = nullptr;
    std::size_t place = 0;  ///< in the batch
    std::string source{};
    Statement statement{};
    std::vector<float> vector{};
    std::uint64_t hash = 0;
    knowledge::NodeId node = knowledge::no_node;
  };

  static std::string source_of(const Report& report) {
    if (report.expert.empty()) return report.source;
    return report.source.empty() ? report.expert : concat(report.expert, ": ", report.source);
  }
  static std::uint64_t hash_of(const Report& report, const std::string& source) {
    std::uint64_t hash = encode::hash_of(report.text);
    hash = encode::hash_of(source, hash);
    const std::int64_t numbers[] = {report.valid_from.microseconds, report.relation ? *report.relation : -1};
    hash = encode::hash_of({reinterpret_cast<const char*>(numbers), sizeof(numbers)}, hash);
    return hash ^ (std::uint64_t{report.kind} << 48U) ^ report.about.value;
  }

  /// Why a report can't be kept; empty if it can.
  std::string refusal(const Report& report) const {
    if (report.kind >= Schema::node_kinds) return concat("kind ", report.kind, " is not in the schema");
    if (report.text.empty()) return "it says nothing";
    if (report.text.find('\0') != std::string::npos) return "its text holds a NUL character";
    if (!(report.confidence > 0 && report.confidence <= 1)) {
      return concat("its confidence is ", report.confidence, ", which is above 0, up to 1");
    }
    if (report.relation && *report.relation >= Schema::edge_kinds) {
      return concat("relation ", *report.relation, " is not in the schema");
    }
    if ((report.about == knowledge::no_node) != !report.relation) return "`about` and `relation` go together";
    if (report.relation && !graph_->node_now(report.about)) {
      return concat("it is about node ", report.about.value, ", which is not there");
    }
    try {
      knowledge::folded(report.text);
      knowledge::with_source("", source_of(report));
      if (!report.vector.empty()) {
        index::check_vectors(encoder_->dim(),
                             MatrixView<const float>(report.vector.data(), 1, report.vector.size()), "vector");
      }
      if (report.relation) {
        const knowledge::Ends ends = Schema::ends(static_cast<EdgeKind>(*report.relation));
        const std::uint16_t owner = graph_->node_now(report.about)->kind;
        if ((ends.from >> owner & 1U) == 0 || (ends.to >> report.kind & 1U) == 0) {
          return concat("the schema has no '", Schema::name_of(static_cast<EdgeKind>(*report.relation)),
                        "' from a '", Schema::name_of(static_cast<NodeKind>(owner)), "' to a '",
                        Schema::name_of(static_cast<NodeKind>(report.kind)), "'");
        }
      }
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "";
  }

  /// The reports that can be kept, with vectors, in the order in which they are filed.
  std::vector<Incoming> examine(View<const Report> reports, Filed& filed) const {
    std::vector<Incoming> batch;
    std::vector<std::string_view> texts;
    const Snapshot snapshot = graph_->snapshot();
    for (std::size_t i = 0; i < reports.size; ++i) {
      const Report& report = reports[i];
      filed.reports[i].why = refusal(report);
      if (!filed.reports[i].why.empty()) continue;
      Incoming one{.report = &report, .place = i, .source = source_of(report), .vector = report.vector};
      one.statement = statement(snapshot, report.kind, report.text, report.about, report.relation);
      one.hash = hash_of(report, one.source);
      if (report.vector.empty()) texts.push_back(report.text);
      batch.push_back(std::move(one));
    }
    std::vector<float> numbers(texts.size() * encoder_->dim());
    encoder_->encode(View<const std::string_view>(texts),
                     MatrixView<float>(numbers.data(), texts.size(), encoder_->dim()));
    auto row = numbers.begin();
    for (Incoming& one : batch) {
      if (!one.vector.empty()) continue;
      const auto end = row + static_cast<std::ptrdiff_t>(encoder_->dim());
      one.vector.assign(row, end);
      row = end;
    }
    std::sort(batch.begin(), batch.end(), [](const Incoming& a, const Incoming& b) {
      if (a.report->confidence != b.report->confidence) return a.report->confidence > b.report->confidence;
      if (a.hash != b.hash) return a.hash < b.hash;
      return a.place < b.place;
    });
    return batch;
  }

  static Statement statement(const Snapshot& snapshot, std::uint16_t kind, std::string_view text,
                             knowledge::NodeId about, std::optional<std::uint16_t> relation) {
    Statement statement{.kind = kind,
                        .mergeable = Schema::mergeable(static_cast<NodeKind>(kind)),
                        .figures = figures_of(text),
                        .names = capitalised(text),
                        .about = about,
                        .relation = relation};
    for (Mention& mention : mentions(snapshot, text)) {  // a name is one name, however its words are written
      std::erase_if(statement.names, [&](const std::string& word) { return holds_phrase(mention.name, word); });
      statement.names.push_back(std::move(mention.name));
    }
    std::sort(statement.names.begin(), statement.names.end());
    statement.names.erase(std::unique(statement.names.begin(), statement.names.end()), statement.names.end());
    return statement;
  }
  /// Of a node that is there: about the same as a report if an edge of its relation says so, else about what a
  /// functional edge says.
  Statement statement(const Snapshot& snapshot, const knowledge::Node& node, const Incoming& beside) const {
    if (about_the_same(beside, node.id) && beside.report->relation) {
      return statement(snapshot, node.kind, node.text, beside.report->about, beside.report->relation);
    }
    for (const knowledge::Edge& edge : graph_->edges_at(node.id)) {
      if (edge.to != node.id || (Snapshot::functional_kinds >> edge.kind & 1U) == 0) continue;
      return statement(snapshot, node.kind, node.text, edge.from, edge.kind);
    }
    return statement(snapshot, node.kind, node.text, knowledge::no_node, std::nullopt);
  }

  void file_piece(View<Incoming> batch, Filed& filed, const std::set<knowledge::NodeId>& about,
                  knowledge::Time now) {
    const Snapshot snapshot = graph_->snapshot();
    filed.evicted += make_room(snapshot, batch.size, about, now);
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

  /// The node where the report's source has said so before, whatever has become of its vector.
  std::optional<knowledge::NodeId> said_already(const Incoming& one) const {
    const auto [first, last] = said_.equal_range(saying(one.report->kind, one.report->text, one.source));
    for (auto at = first; at != last; ++at) {
      const std::optional<knowledge::Node> node = graph_->node_now(at->second);
      if (!node || node->kind != one.report->kind || node->text != one.report->text ||
          node->source != one.source) {
        continue;
      }
      const knowledge::NodeId stands = node->merged_into == knowledge::no_node ? node->id : node->merged_into;
      if (about_the_same(one, stands)) return stands;
    }
    return std::nullopt;
  }
  static std::uint64_t saying(std::uint16_t kind, std::string_view text, std::string_view source) {
    return encode::hash_of(source, encode::hash_of(text, kind));
  }
  void note_saying(const knowledge::Node& node) {
    said_.emplace(saying(node.kind, node.text, node.source), node.id);
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

  /// The report becomes a member of the node, unless the node's vector would leave its anchor.
  bool merge(const Incoming& one, knowledge::NodeId into, double least, FiledReport& filed) {
    const knowledge::Node node = *graph_->node_now(into);
    std::vector<knowledge::Node> members = members_of(into);
    if (members.empty()) members.push_back(node);
    members.push_back(node_of(one));
    members.back().id = {knowledge::no_node.value - 1};  // behind the others
    const knowledge::Node whole = Merge::combine(View<const knowledge::Node>(members));
    if (Similarity::of(View<const float>(whole.vector), View<const float>(members.front().vector)) < least)
      return false;

    std::vector<knowledge::NodeId>& group = members_[into];
    if (group.empty()) {  // what the node said itself becomes a row of its own, the anchor
      knowledge::Node anchor = node;
      anchor.id = knowledge::no_node;
      anchor.merged_into = into;
      anchor.name.clear();
      anchor.aliases.clear();
      anchor.pinned = false;
      group.push_back(put_said(std::move(anchor)));
    }
    knowledge::Node member = node_of(one);
    member.merged_into = into;
    group.push_back(put_said(std::move(member)));
    stand_for(into);
    filed = {Outcome::merged, into, concat("says what node ", into.value, " says")};
    return true;
  }

  /// What one member, or several, say together is written to the node that stands for them.
  void stand_for(knowledge::NodeId id) {
    knowledge::Node node = *graph_->node_now(id);
    const std::vector<knowledge::Node> members = members_of(id);
    const knowledge::Node whole = Merge::combine(View<const knowledge::Node>(members));
    node.text = whole.text;
    node.vector = whole.vector;
    node.confidence = whole.confidence;
    node.weight = whole.weight;
    node.source = whole.source;
    graph_->put(std::move(node));
  }
  std::vector<knowledge::Node> members_of(knowledge::NodeId id) const {
    std::vector<knowledge::Node> members;
    if (const auto group = members_.find(id); group != members_.end()) {
      for (const knowledge::NodeId member : group->second) {
        if (auto one = graph_->node_now(member)) members.push_back(std::move(*one));
      }
    }
    return members;
  }

  void take_apart(knowledge::NodeId id) {
    const auto group = members_.find(id);
    if (group == members_.end()) return separate(id);
    const std::vector<knowledge::NodeId> all = group->second;
    for (std::size_t i = all.size(); i-- > 1;) separate(all[i]);
  }

  /// A member, not the anchor, becomes a node of its own, with what leads to the node that stood for it.
  void separate(knowledge::NodeId id) {
    knowledge::Node node = *graph_->node_now(id);
    const knowledge::NodeId whole = node.merged_into;
    node.merged_into = knowledge::no_node;
    graph_->put(std::move(node));
    for (knowledge::Edge edge : graph_->edges_at(whole)) {
      if (edge.to != whole || (Snapshot::fact_kinds >> edge.kind & 1U) == 0) continue;
      edge.id = knowledge::no_edge;
      edge.to = id;
      if ((Snapshot::functional_kinds >> edge.kind & 1U) != 0) {
        graph_->supersede(std::move(edge));
      } else {
        graph_->link(std::move(edge));
      }
    }
    std::vector<knowledge::NodeId>& group = members_.at(whole);
    std::erase(group, id);
    stand_for(whole);
    if (group.size() > 1) return;
    graph_->erase(group.front());
    members_.erase(whole);
    note_saying(*graph_->node_now(whole));
  }

  knowledge::NodeId put_said(knowledge::Node node) {
    node.id = graph_->put(node);
    note_saying(node);
    return node.id;
  }
  static knowledge::Node node_of(const Incoming& one) {
    return {.kind = one.report->kind,
            .text = one.report->text,
            .source = one.source,
            .confidence = one.report->confidence,
            .vector = one.vector};
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
    one.node = put_said(node_of(one));
    filed = {Outcome::inserted, one.node, ""};
    graph_->set_use({.node = one.node, .count = 0, .last = now});
    if (functional(one)) {
      lead_to(one, one.node, filed);
    } else if (one.report->relation) {
      graph_->link(edge_to(one, one.node));
    }
  }

  /// Evicts what is worth least, a hundredth of the graph's room at once, until the batch fits beside the values that
  /// kept versions have.
  std::size_t make_room(const Snapshot& snapshot, std::size_t batch, const std::set<knowledge::NodeId>& about,
                        knowledge::Time now) {
    const std::size_t limit = graph_->limits().nodes;
    const std::size_t live = graph_->live_nodes();
    const std::size_t most = limit - std::max<std::size_t>(limit / 10, std::min<std::size_t>(limit / 2, 8));
    const bool nodes = live + 2 * batch > most;
    if (!nodes && graph_->fullness() < 0.9) return 0;
    const std::size_t wanted = std::max({nodes ? live + 2 * batch - most : 0, limit / 100, std::size_t{1}});
    struct Candidate {
      double worth;
      knowledge::NodeId id;
      bool operator<(const Candidate& other) const {
        return worth != other.worth ? worth < other.worth : id < other.id;
      }
    };
    std::vector<Candidate> candidates;
    snapshot.for_each_node([&](const knowledge::Node& node) {
      if (!node.pinned && node.merged_into == knowledge::no_node) candidates.push_back({0, node.id});
    });
    std::erase_if(candidates, [&](const Candidate& one) { return about.count(one.id) != 0 || stays(one.id); });
    for (Candidate& one : candidates) {
      one.worth = Eviction::worth(*snapshot.node(one.id), snapshot.use(one.id), now);
    }
    std::sort(candidates.begin(), candidates.end());
    std::size_t gone = 0;
    for (const Candidate& one : candidates) {
      if (gone >= wanted) break;
      gone += evict(one.id);
    }
    if (nodes && gone < wanted && live - gone + 2 * batch > limit) {
      throw knowledge::KnowledgeFull(concat("the graph has room for ", limit,
                                            " nodes, and what is left is pinned: unpin some, or "
                                            "make its limits larger"));
    }
    return gone;
  }
  /// True of a node that was pinned meanwhile, and of a thing of which facts are left: they go first.
  bool stays(knowledge::NodeId id) const {
    const std::optional<knowledge::Node> node = graph_->node_now(id);
    if (!node || node->pinned) return true;
    const std::vector<knowledge::Edge> edges = graph_->edges_at(id);
    return std::any_of(edges.begin(), edges.end(), [&](const knowledge::Edge& edge) {
      return edge.from == id && (Snapshot::fact_kinds >> edge.kind & 1U) != 0;
    });
  }
  /// The node goes with the reports that it stands for.
  std::size_t evict(knowledge::NodeId id) {
    std::size_t gone = 1;
    if (const auto group = members_.find(id); group != members_.end()) {
      for (const knowledge::NodeId member : group->second) forget_node(member);
      gone += group->second.size();
      members_.erase(group);
    }
    forget_node(id);
    return gone;
  }
  void forget_node(knowledge::NodeId id) {
    if (const auto node = graph_->node_now(id)) {
      const auto [first, last] = said_.equal_range(saying(node->kind, node->text, node->source));
      const auto at = std::find_if(first, last, [&](const auto& one) { return one.second == id; });
      if (at != last) said_.erase(at);
    }
    graph_->erase(id);
  }
  void reload() {
    members_.clear();
    said_.clear();
    const Snapshot snapshot = graph_->snapshot();
    snapshot.for_each_node([&](const knowledge::Node& node) {
      note_saying(node);
      if (node.merged_into != knowledge::no_node) members_[node.merged_into].push_back(node.id);
    });
    for (auto& [whole, members] : members_) std::sort(members.begin(), members.end());
    seen_ = snapshot.version();
  }

  Graph* graph_;
  const Encoder* encoder_;
  /// By the node that stands for them, ascending: the anchor is first.
  std::map<knowledge::NodeId, std::vector<knowledge::NodeId>> members_{};
  /// By `saying`; some may be gone.
  std::unordered_multimap<std::uint64_t, knowledge::NodeId> said_{};
  knowledge::Version seen_{};  ///< of the graph, which the two above are of
};

}  // namespace asterism::librarian
