// How a game's statements are written into a graph: what ingest.hpp does.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/concept.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/graph.hpp"
#include "asterism/knowledge/sources.hpp"
#include "asterism/librarian/cards/check.hpp"
#include "asterism/librarian/cards/data.hpp"
#include "asterism/librarian/cards/schema.hpp"
#include "asterism/librarian/cards/statements.hpp"

namespace asterism::librarian::cards {

/// What to do about what is wrong in a game's files.
enum class Rigour : std::uint8_t {
  strict,     ///< UnsoundGame; nothing is written
  quarantine  ///< it is left out and listed
};

struct IngestOptions {
  knowledge::Time at{};  ///< from when on changes hold; not before that of an earlier ingestion
  knowledge::Time since = knowledge::beginning;  ///< from when on facts about new things hold
  Rigour rigour = Rigour::strict;
  bool texts = true;                 ///< links are looked for in texts too
  ProgressSink* progress = nullptr;  ///< told of facts that are compared, and encoded; may be null
  double text_confidence = 0.5;      ///< of these
};

/// What an ingestion did.
struct Ingested {
  knowledge::Version version{};                 ///< that holds the game; the last one where nothing has changed
  std::vector<Problem> problems{};              ///< what was left out
  std::map<std::string, std::size_t> absent{};  ///< fields that cards may lack -> cards that do
  std::size_t reprints = 0;                     ///< cards that say what one of the same name says

  std::array<std::size_t, CardGame::node_kinds> things{};  ///< of the files, by kind
  std::array<std::size_t, CardGame::edge_kinds> stated{};  ///< facts and links of the files, by kind
  std::size_t links_in_texts = 0;                          ///< found there
  std::size_t links_in_texts_new = 0;                      ///< of these, between things that no file links

  std::size_t new_things = 0;
  std::size_t changed_things = 0;  ///< name, other names or sources
  std::size_t new_facts = 0;       ///< of things or fields that had none
  std::size_t superseding = 0;     ///< facts that ended others, errata among them
  std::size_t returned = 0;        ///< facts that hold again
  std::size_t new_links = 0;
  std::size_t ended = 0;  ///< facts and links that no file states any more
};

namespace detail {

/// The lines of a list of sources that name one.
inline std::vector<std::string_view> each_source(std::string_view list) {
  std::vector<std::string_view> all;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('\n'), list.size());
    if (end > 0 && list[0] != '+') all.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return all;
}

/// The work of `ingest`.
template <class Graph, class Encoder>
class Ingestion {
 public:
  using Node = CardGame::NodeKind;
  using Kind = CardGame::EdgeKind;

  Ingestion(Graph& graph, const Encoder& encoder, const IngestOptions& options)
      : graph_(graph), encoder_(encoder), options_(options) {}

  Ingested run(Game game) {
    name_sources(game);
    const auto snapshot = graph_.snapshot();
    read(snapshot);
    const KnownElsewhere known = [&](std::string_view id) { return elsewhere(id); };
    Checked checked = check(std::move(game), known);
    if (options_.rigour == Rigour::strict && !checked.problems.empty())
      throw UnsoundGame(std::move(checked.problems));
    done_.problems = std::move(checked.problems);
    done_.absent = std::move(checked.absent);
    done_.reprints = checked.reprints;
    Statements all = statements(checked.game, known);
    for (const Thing& thing : all.things) put(thing);
    state(all.facts);
    count(all);
    link(all.links, 1);
    if (options_.texts) link_texts(checked.game, all.links);
    end_what_is_gone();
    erase_orphans();
    encode();
    done_.version = graph_.commit(note(), options_.at);
    return std::move(done_);
  }

 private:
  static constexpr std::uint64_t own_edges = (std::uint64_t{1} << (knowledge::number(Kind::mentions) + 1)) - 1;
  static bool functional(Kind kind) { return CardGame::functional(kind); }

  void begin(std::string_view task, std::size_t total) {
    if (options_.progress != nullptr) options_.progress->begin(task, total, ProgressUnit::items);
  }
  void advance(std::size_t done) {
    if (options_.progress != nullptr) options_.progress->advance(done, "");
  }
  void end() {
    if (options_.progress != nullptr) options_.progress->end();
  }

  void name_sources(const Game& game) {
    const auto name = [&](const auto& listed, bool texts) {
      if (!listed) return;
      given_.push_back(listed->source);
      if (texts && options_.texts) given_.push_back(texts_of(listed->source));
    };
    name(game.cards, true);
    name(game.rules, true);
    name(game.terms, true);
    name(game.entities, false);
    name(game.relations, false);
    name(game.errata, false);
    if (game.errata) errata_ = game.errata->source;
  }
  bool is_given(std::string_view sources) const {
    return std::any_of(given_.begin(), given_.end(),
                       [&](const std::string& one) { return knowledge::names_source(sources, one); });
  }
  std::string note() const {
    std::string files;
    for (const std::string& one : given_) {
      if (!one.starts_with("texts of ")) files += (files.empty() ? "" : ", ") + one;
    }
    return "ingested " + files;
  }

  /// What the graph holds of games.
  template <class Snapshot>
  void read(const Snapshot& snapshot) {
    snapshot.for_each_node([&](const knowledge::Node& node) {
      if (node.kind == knowledge::number(Node::fact)) {
        texts_.emplace(node.id, node.text);
      } else if (node.kind <= knowledge::number(Node::thing)) {
        for (const std::string& alias : node.aliases) ids_.emplace(alias, node.id);
        held_.emplace(node.id, node);
      }
    });
    snapshot.for_each_edge([&](const knowledge::Edge& edge) {
      if ((own_edges >> edge.kind & 1U) == 0) return;
      if (edge.valid_to > options_.at && is_given(edge.source)) stated_before_.push_back(edge.id);
      if (edge.valid_to != knowledge::forever || functional(static_cast<Kind>(edge.kind))) return;
      open_.emplace(std::tuple(edge.from, edge.kind, edge.to), edge);
    });
  }
  std::optional<knowledge::NodeId> node_of(std::string_view id) const {
    const auto place = ids_.find(knowledge::folded(id));
    return place == ids_.end() ? std::nullopt : std::optional(place->second);
  }
  std::optional<Known> elsewhere(std::string_view id) const {
    const auto node = node_of(id);
    if (!node) return std::nullopt;
    const auto held = held_.find(*node);
    if (held == held_.end() || is_given(held->second.source)) return std::nullopt;
    return Known{static_cast<Node>(held->second.kind), held->second.name};
  }

  void put(const Thing& thing) {
    ++done_.things[knowledge::number(thing.kind)];
    std::optional<knowledge::Node> node;
    if (const auto id = node_of(thing.id)) {
      node = graph_.node_now(*id);
      if (node->kind != knowledge::number(thing.kind)) {
        throw InvalidArgument(concat("'", printable(thing.id, 80), "' is a '", CardGame::name_of(thing.kind),
                                     "' now, and node ", id->value, ", which has that name, a '",
                                     CardGame::name_of(static_cast<Node>(node->kind)), "': use another id"));
      }
    }
    knowledge::Node wanted = node ? *node : knowledge::Node{.kind = knowledge::number(thing.kind)};
    if (node && node->name != thing.name) wanted.aliases.push_back(knowledge::folded(node->name));
    wanted.name = thing.name;
    for (const std::string& alias : thing.aliases) wanted.aliases.push_back(knowledge::folded(alias));
    std::sort(wanted.aliases.begin(), wanted.aliases.end());
    wanted.aliases.erase(std::unique(wanted.aliases.begin(), wanted.aliases.end()), wanted.aliases.end());
    for (const std::string_view source : each_source(thing.sources)) {
      wanted.source = knowledge::with_source(wanted.source, source);
    }
    knowledge::NodeId id = wanted.id;
    if (!node || wanted != *node) {
      ++(node ? done_.changed_things : done_.new_things);
      id = graph_.put(wanted);
      if (!node) new_things_.insert(id);
    }
    for (const std::string& alias : thing.aliases) ids_.emplace(knowledge::folded(alias), id);
    named_.insert(id);
  }

  knowledge::Time from_of(knowledge::NodeId thing) const {
    return new_things_.count(thing) != 0 ? options_.since : options_.at;
  }

  /// Facts of one thing and kind, in the order of the statements.
  void state(const std::vector<Fact>& facts) {
    std::map<std::pair<knowledge::NodeId, Kind>, std::vector<const Fact*>> groups;
    for (const Fact& fact : facts) groups[{*node_of(fact.about), fact.kind}].push_back(&fact);
    std::size_t done = 0;
    begin("comparing facts", facts.size());
    for (const auto& [key, group] : groups) {
      if (functional(key.second)) {
        state(key.first, key.second, group);
      } else {
        for (const Fact* fact : group) state_beside(key.first, *fact);
      }
      advance(done += group.size());
    }
    end();
    if (errata_.empty()) return;
    for (const knowledge::EdgeId id : stated_before_) {  // fields that have no erratum any more, nor another fact
      const auto edge = graph_.edge_now(id);
      if (!edge || !functional(static_cast<Kind>(edge->kind)) || is_gone(edge->from)) continue;
      if (groups.count({edge->from, static_cast<Kind>(edge->kind)}) == 0) {
        state(edge->from, static_cast<Kind>(edge->kind), {});
      }
    }
  }

  /// True of a thing whose file is given, and does not name it.
  bool is_gone(knowledge::NodeId thing) const {
    if (named_.count(thing) != 0) return false;
    const auto held = held_.find(thing);
    return held != held_.end() && is_given(held->second.source);
  }

  std::vector<knowledge::Edge> edges(knowledge::NodeId thing, Kind kind) const {
    std::vector<knowledge::Edge> all = graph_.edges_at(thing);
    std::erase_if(all, [&](const knowledge::Edge& edge) {
      return edge.from != thing || edge.kind != knowledge::number(kind);
    });
    std::stable_sort(all.begin(), all.end(), [](const knowledge::Edge& a, const knowledge::Edge& b) {
      return a.valid_from != b.valid_from ? a.valid_from < b.valid_from : a.id < b.id;
    });
    return all;
  }
  const std::string& text_of(knowledge::NodeId fact) const { return texts_.at(fact); }
  /// The node of a fact about the thing that says this, a new one if there is none.
  knowledge::NodeId fact_node(const std::vector<knowledge::Edge>& edges, const std::string& text,
                              const std::string& source) {
    for (const knowledge::Edge& edge : edges) {
      if (text_of(edge.to) == text) return edge.to;
    }
    const knowledge::NodeId id =
        graph_.put({.kind = knowledge::number(Node::fact), .text = text, .source = source});
    texts_.emplace(id, text);
    new_facts_.push_back(id);
    return id;
  }
  /// False if an edge says so already.
  bool supersede(knowledge::NodeId thing, const Fact& fact, knowledge::Time from, const std::string& source) {
    const std::vector<knowledge::Edge> before = edges(thing, fact.kind);
    const knowledge::NodeId to = fact_node(before, fact.text, source);
    const knowledge::Superseded what = graph_.supersede(
        {.from = thing, .kind = knowledge::number(fact.kind), .to = to, .valid_from = from, .source = source});
    kept_.insert(what.edge);
    return !what.known;
  }
  void erase(const knowledge::Edge& edge) {
    graph_.erase(edge.id);
    if (CardGame::to_fact(static_cast<Kind>(edge.kind))) erased_.insert(edge.to);
  }
  /// Takes an edge back as if it had never been: the one before it holds on.
  void take_back(const knowledge::Edge& gone) {
    erase(gone);
    for (knowledge::Edge& edge : edges(gone.from, static_cast<Kind>(gone.kind))) {
      if (edge.valid_to != gone.valid_from) continue;
      edge.valid_to = gone.valid_to;
      graph_.link(edge);
      return;
    }
  }

  /// A functional kind: at most one fact of the files that say how things are, and errata.
  void state(knowledge::NodeId thing, Kind kind, const std::vector<const Fact*>& facts) {
    const Fact* printed = nullptr;
    std::vector<const Fact*> errata;
    for (const Fact* fact : facts) {
      if (fact->from) {
        errata.push_back(fact);
      } else {
        printed = fact;
      }
    }
    if (!errata_.empty()) correct(thing, kind, errata);
    if (printed != nullptr) print(thing, kind, *printed);
    keep(thing, kind, errata_.empty() ? nullptr : &errata, printed);
    if (printed != nullptr) bring_back(thing, kind, *printed, errata);
  }
  /// Makes the edges of errata those that the file has.
  void correct(knowledge::NodeId thing, Kind kind, const std::vector<const Fact*>& errata) {
    const auto edges_now = edges(thing, kind);
    for (const knowledge::Edge& edge : edges_now) {
      if (!knowledge::names_source(edge.source, errata_)) continue;
      const bool justified = std::any_of(errata.begin(), errata.end(), [&](const Fact* fact) {
        return fact->text == text_of(edge.to) && *fact->from <= edge.valid_from;
      });
      if (justified) continue;
      take_back(edge);
      ++done_.ended;
    }
    for (const Fact* fact : errata) {
      const auto now = edges(thing, kind);
      const bool there = std::any_of(now.begin(), now.end(), [&](const knowledge::Edge& edge) {
        return knowledge::names_source(edge.source, errata_) && edge.valid_from == *fact->from &&
               text_of(edge.to) == fact->text;
      });
      if (there) continue;
      if (supersede(thing, *fact, *fact->from, errata_)) ++done_.superseding;
    }
  }
  /// A fact that the file states for the first time, or otherwise than it did.
  void print(knowledge::NodeId thing, Kind kind, const Fact& fact) {
    const auto now = edges(thing, kind);
    const knowledge::Edge* last = nullptr;
    for (const knowledge::Edge& edge : now) {
      if (knowledge::names_source(edge.source, fact.source)) last = &edge;
    }
    if (last != nullptr && text_of(last->to) == fact.text) return;
    const knowledge::Time from = from_of(thing);
    if (last != nullptr && last->valid_from == from) erase(*last);  // the file corrects itself
    if (supersede(thing, fact, from, fact.source)) ++(last == nullptr ? done_.new_facts : done_.superseding);
  }
  /// Edges that the files still state, held or ended.
  void keep(knowledge::NodeId thing, Kind kind, const std::vector<const Fact*>* errata, const Fact* printed) {
    for (const knowledge::Edge& edge : edges(thing, kind)) {
      if (errata != nullptr && !errata->empty() && knowledge::names_source(edge.source, errata_))
        kept_.insert(edge.id);
      if (printed != nullptr && knowledge::names_source(edge.source, printed->source)) kept_.insert(edge.id);
    }
  }
  /// What held last holds again, where nothing does to the end of time.
  void bring_back(knowledge::NodeId thing, Kind kind, const Fact& printed,
                  const std::vector<const Fact*>& errata) {
    const auto now = edges(thing, kind);
    knowledge::Time from = options_.at;
    for (const knowledge::Edge& edge : now) {
      if (edge.valid_to == knowledge::forever) return;
      from = std::max(from, edge.valid_to);
    }
    const Fact* word = &printed;
    for (const Fact* fact : errata) {
      if (*fact->from <= from) word = fact;
    }
    supersede(thing, *word, from, word->source);
    ++done_.returned;
  }

  /// A kind of which a thing has several facts.
  void state_beside(knowledge::NodeId thing, const Fact& fact) {
    const auto now = edges(thing, fact.kind);
    bool before = false;
    for (const knowledge::Edge& edge : now) {
      if (!knowledge::names_source(edge.source, fact.source) || text_of(edge.to) != fact.text) continue;
      before = true;
      if (edge.valid_to != knowledge::forever) continue;
      kept_.insert(edge.id);
      return;
    }
    const knowledge::NodeId to = fact_node(now, fact.text, fact.source);
    kept_.insert(graph_.link({.from = thing,
                              .kind = knowledge::number(fact.kind),
                              .to = to,
                              .valid_from = from_of(thing),
                              .source = fact.source}));
    ++(before ? done_.returned : done_.new_facts);
  }

  void count(const Statements& all) {
    for (const Fact& fact : all.facts) ++done_.stated[knowledge::number(fact.kind)];
    for (const Link& link : all.links) ++done_.stated[knowledge::number(link.kind)];
  }

  void link(const std::vector<Link>& links, double confidence) {
    for (const Link& one : links) {
      const knowledge::NodeId from = *node_of(one.from);
      const knowledge::NodeId to = *node_of(one.to);
      const std::uint16_t kind = knowledge::number(one.kind);
      const auto open = open_.find({from, kind, to});
      if (open == open_.end()) {
        const bool fresh = new_things_.count(from) != 0 || new_things_.count(to) != 0;
        knowledge::Edge edge{.from = from,
                             .kind = kind,
                             .to = to,
                             .valid_from = fresh ? options_.since : options_.at,
                             .confidence = confidence,
                             .source = one.sources};
        edge.id = graph_.link(edge);
        kept_.insert(edge.id);
        open_.emplace(std::tuple(from, kind, to), edge);
        ++done_.new_links;
        continue;
      }
      knowledge::Edge edge = open->second;
      for (const std::string& given : given_) {
        if (!knowledge::names_source(one.sources, given))
          edge.source = knowledge::without_source(edge.source, given);
      }
      for (const std::string_view source : each_source(one.sources)) {
        edge.source = knowledge::with_source(edge.source, source);
      }
      kept_.insert(edge.id);
      if (edge.source == open->second.source) continue;
      edge.confidence = std::max(edge.confidence, confidence);
      graph_.link(edge);
    }
  }
  /// Links that texts tell, between things that no file links.
  void link_texts(const Game& game, const std::vector<Link>& stated) {
    NameFinder names;
    const auto add = [&](const knowledge::Node& node) {
      const auto id = std::find_if(node.aliases.begin(), node.aliases.end(),
                                   [&](const std::string& alias) { return node_of(alias) == node.id; });
      if (id == node.aliases.end()) return;
      const auto kind = static_cast<Node>(node.kind);
      names.add(kind, node.name, *id);
      if (kind == Node::rule && node.name.find('.') != node.name.npos) names.add(kind, node.name.substr(5), *id);
    };
    std::set<knowledge::NodeId> added;
    for (const knowledge::NodeId id : named_) {
      add(*graph_.node_now(id));
      added.insert(id);
    }
    for (const auto& [id, node] : held_) {
      if (added.count(id) == 0 && !is_given(node.source)) add(node);
    }
    std::set<std::pair<knowledge::NodeId, knowledge::NodeId>> linked;
    for (const Link& one : stated) linked.emplace(*node_of(one.from), *node_of(one.to));
    std::vector<Link> found = links_in_texts(game, names);
    std::erase_if(found, [&](const Link& one) { return node_of(one.from) == node_of(one.to); });
    done_.links_in_texts = found.size();
    std::erase_if(found, [&](const Link& one) {
      return linked.count({*node_of(one.from), *node_of(one.to)}) != 0;
    });
    done_.links_in_texts_new = found.size();
    link(found, options_.text_confidence);
  }
  /// What a file stated, and states no more, ends.
  void end_what_is_gone() {
    for (const knowledge::EdgeId id : stated_before_) {
      if (kept_.count(id) != 0) continue;
      std::optional<knowledge::Edge> edge = graph_.edge_now(id);
      if (!edge || edge->valid_to <= options_.at) continue;
      std::string left = edge->source;
      for (const std::string& given : given_) left = knowledge::without_source(left, given);
      if (left.empty()) {
        if (!graph_.close(id, options_.at)) erase(*edge);
        ++done_.ended;
      } else {
        edge->source = std::move(left);
        graph_.link(std::move(*edge));
      }
    }
  }

  /// Facts that nothing has ever said.
  void erase_orphans() {
    for (const knowledge::NodeId fact : erased_) {
      const std::vector<knowledge::Edge> left = graph_.edges_at(fact);
      if (std::any_of(left.begin(), left.end(), [&](const knowledge::Edge& edge) { return edge.to == fact; }))
        continue;
      graph_.erase(fact);
      std::erase(new_facts_, fact);
    }
  }

  void encode() {
    constexpr std::size_t batch = 256;
    const std::size_t dim = encoder_.dim();
    begin("encoding facts", new_facts_.size());
    std::vector<float> numbers(batch * dim);
    for (std::size_t first = 0; first < new_facts_.size(); first += batch) {
      const std::size_t count = std::min(batch, new_facts_.size() - first);
      std::vector<std::string_view> texts;
      for (std::size_t i = 0; i < count; ++i) texts.push_back(text_of(new_facts_[first + i]));
      encoder_.encode(View<const std::string_view>(texts), MatrixView<float>(numbers.data(), count, dim));
      for (std::size_t i = 0; i < count; ++i) {
        knowledge::Node node = *graph_.node_now(new_facts_[first + i]);
        const auto row = numbers.begin() + static_cast<std::ptrdiff_t>(i * dim);
        node.vector.assign(row, row + static_cast<std::ptrdiff_t>(dim));
        graph_.put(std::move(node));
      }
      advance(first + count);
    }
    end();
  }

  Graph& graph_;
  const Encoder& encoder_;
  const IngestOptions& options_;
  Ingested done_{};
  std::vector<std::string> given_{};                          ///< sources that speak now
  std::string errata_{};                                      ///< the one of errata, if that was read
  std::unordered_map<std::string, knowledge::NodeId> ids_{};  ///< folded names beside the name -> things
  std::map<knowledge::NodeId, knowledge::Node> held_{};       ///< things of the last version
  std::map<knowledge::NodeId, std::string> texts_{};          ///< of facts
  std::map<std::tuple<knowledge::NodeId, std::uint16_t, knowledge::NodeId>, knowledge::Edge>
      open_{};                                      ///< links that hold
  std::vector<knowledge::EdgeId> stated_before_{};  ///< that the sources stated, and that hold or will
  std::set<knowledge::NodeId> named_{};             ///< things that the files name
  std::set<knowledge::NodeId> new_things_{};
  std::vector<knowledge::NodeId> new_facts_{};
  std::set<knowledge::NodeId> erased_{};  ///< facts that lost an edge for good
  std::set<knowledge::EdgeId> kept_{};
};

}  // namespace detail

}  // namespace asterism::librarian::cards
