// The reference desk: looks a question up in a graph, within a budget, and says why each fact is there.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
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
#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/snapshot.hpp"
#include "asterism/knowledge/walk.hpp"
#include "asterism/librarian/block.hpp"
#include "asterism/librarian/budget.hpp"
#include "asterism/librarian/category.hpp"
#include "asterism/librarian/concept.hpp"
#include "asterism/librarian/experience.hpp"
#include "asterism/librarian/mentions.hpp"
#include "asterism/librarian/statement.hpp"

namespace asterism::librarian {

/// A fact that was found, and why.
struct ConsultHit {
  knowledge::NodeId id = knowledge::no_node;
  std::string text{};
  std::string source{};
  double score = 0;  ///< the sum of the parts

  double by_rank = 0;                       ///< 0.4 (1 - 0.01 rank), of the best rank on any shelf
  double by_kind = 0;                       ///< 0.3 for a kind that the category wants
  double by_names = 0;                      ///< 0.2 times the share of the names asked for that it is about
  double by_words = 0;                      ///< 0.1 times the share of the question's words that it has
  std::array<std::size_t, shelves> rank{};  ///< on each shelf, from 1 on; 0: not found there

  std::vector<knowledge::EdgeId> way{};  ///< edges that lead there from a node that the question names
  knowledge::Time valid_from = knowledge::beginning;  ///< of the functional edge that leads to it
  knowledge::Time valid_to = knowledge::forever;
  bool in_block = false;
};

struct Consulted {
  std::vector<ConsultHit> hits{};  ///< best first
  BlockWriter::Block block{};      ///< of the hits that fit, best first
  std::string category{};
  std::vector<Mention> names{};          ///< that the question has
  double completeness = 1;               ///< the share of the shelves looked at to the end
  std::vector<std::string> cut_short{};  ///< what was not looked at to the end, and why
  knowledge::Version version{};
  Spent spent{};
};

/// What a consultation looks for.
struct ConsultOptions {
  ConsultBudget budget{};
  std::string category{};  ///< empty: the first whose conditions hold
  std::size_t hits = 30;   ///< at most
  /// Of a score that is more than this below the best one no fact is told: what is a little like what was asked
  /// misleads more than it helps.
  double margin = 1;
  /// Vectors that are less like the question's than this cosine find nothing: 0.6 leaves out what is hardly about it.
  double least_alike = -1;
  knowledge::NodeQuery allowed{};  ///< what may be found
  std::vector<Shelf> only{};       ///< shelves; none: as the category says
};

/// Consults one snapshot. Const members may be called from several threads at once. What is referred to outlives it.
///
/// A question's names lead to nodes; edges of these lead to facts about them, and personalised PageRank to what else is
/// near. Words (BM25) and vectors find texts. Experience: the five past questions most alike, of those
/// with a cosine of 0.3 and more, vote for the facts that served them, each with its cosine, and for what hangs
/// together with the things that this one names as those facts did with the things that they named (see Pattern).
///
/// @tparam Snapshot  of a knowledge::KnowledgeGraph, whose Schema may have `question_kind` and `used_kind`, for
/// experience
/// @tparam Walk  finds what else is near what a question names: PageRank behind what edges of that lead to, any other
/// one instead of it
template <class Snapshot, encode::TextEncoder Encoder, knowledge::WalkPolicy Walk = knowledge::PageRank>
class ReferenceDesk {
 public:
  using Schema = typename Snapshot::Schema;
  static constexpr bool remembers = requires {
    Schema::question_kind;
    Schema::used_kind;
  };

  /// Edges from a question to what served it: no others lead anywhere.
  static constexpr std::uint64_t used_edges = [] {
    if constexpr (remembers) {
      return knowledge::edge_kinds(Schema::used_kind);
    } else {
      return std::uint64_t{0};
    }
  }();

  ReferenceDesk(const Snapshot& snapshot, const Encoder& encoder, const std::vector<Category>& categories,
                Clock clock = steady_seconds, Walk walk = {})
      : snapshot_(&snapshot),
        encoder_(&encoder),
        categories_(&categories),
        clock_(std::move(clock)),
        walk_(std::move(walk)) {
    knowledge::KindSet facts = knowledge::any_kind;
    if constexpr (remembers) facts &= ~knowledge::kinds(Schema::question_kind);
    facts_ = facts;
  }

  /// InvalidArgument for a category that there is not.
  Consulted consult(std::string_view question, const ConsultOptions& options,
                    const BlockWriter* writer = nullptr) const {
    Looking looking{.question = question, .folded = knowledge::folded(question), .options = &options};
    Consulted& done = looking.done;
    looking.start = clock_();
    done.version = snapshot_->version();
    done.names = mentions(*snapshot_, question);
    const Category& category = category_of(looking);
    done.category = category.name;
    knowledge::NodeQuery query = options.allowed;
    query.kinds &= facts_;
    looking.selection = snapshot_->select(query);

    const std::vector<Shelf>& order = options.only.empty() ? category.order : options.only;
    std::size_t complete = 0;
    for (const Shelf shelf : order) complete += look(shelf, looking) ? 1 : 0;
    done.completeness = order.empty() ? 1 : static_cast<double>(complete) / static_cast<double>(order.size());
    const double merging = clock_();
    merge(looking, category);
    if (writer != nullptr) assemble(looking, *writer);
    done.spent.merging = clock_() - merging;
    return std::move(looking.done);
  }

 private:
  /// A fact on a shelf.
  struct Shelved {
    knowledge::NodeId id;
    double score;
    std::vector<knowledge::EdgeId> way{};
  };
  struct Looking {
    std::string_view question;
    std::string folded;
    const ConsultOptions* options;
    double start = 0;
    knowledge::Selection selection{};
    std::vector<float> vector{};
    std::array<std::vector<Shelved>, shelves> shelf{};
    double all_votes = 0;  ///< of experience
    Consulted done{};
  };

  const Category& category_of(const Looking& looking) const {
    const std::string& wanted = looking.options->category;
    std::string all;
    for (const Category& one : *categories_) {
      if (wanted.empty() ? applies(one, looking) : one.name == wanted) return one;
      all += concat(all.empty() ? "" : ", ", one.name);
    }
    if (!wanted.empty()) throw InvalidArgument(concat("there is no category '", wanted, "': there are ", all));
    static const Category general{.name = "general"};
    return general;
  }
  bool applies(const Category& category, const Looking& looking) const {
    std::size_t names = 0;
    for (const Mention& mention : looking.done.names) {
      names += std::any_of(mention.nodes.begin(), mention.nodes.end(),
                           [&](knowledge::NodeId id) {
                             const auto node = snapshot_->node(id);
                             return node && (category.names >> node->kind & 1U) != 0;
                           })
                   ? 1
                   : 0;
    }
    if (names < category.least_names) return false;
    return category.cues.empty() ||
           std::any_of(category.cues.begin(), category.cues.end(),
                       [&](const std::string& cue) { return holds_phrase(looking.folded, cue); });
  }

  /// True if it was looked at to the end.
  bool look(Shelf shelf, Looking& looking) const {
    const ConsultBudget& budget = looking.options->budget;
    Spent& spent = looking.done.spent;
    const bool graph = shelf == Shelf::graph;
    double& taken = graph ? spent.graph : spent.vectors;
    const double share = (graph ? 0.5 : 0.4) * budget.seconds;
    const auto cut = [&](std::string_view why) {
      looking.done.cut_short.push_back(concat(name_of(shelf), ": ", why));
      return false;
    };
    if (taken >= share) return cut("its share of the time is over");
    const double begin = clock_();
    bool complete = true;
    std::string_view why;
    const auto meter = [&](std::size_t walked) {
      spent.edges += walked;
      return spent.edges < budget.edges && taken + clock_() - begin < share;
    };
    switch (shelf) {
      case Shelf::graph:
        complete = look_around(looking, meter);
        why = spent.edges >= budget.edges ? "its edges are walked" : "its share of the time is over";
        break;
      case Shelf::words:
        for (const knowledge::Scored& hit :
             snapshot_->words(looking.question, depth(looking), looking.selection)) {
          put(looking, shelf, {hit.id, hit.score});
        }
        break;
      case Shelf::vectors:
        complete = look_near(looking);
        why = "its rows are compared";
        break;
      case Shelf::experience:
        if constexpr (remembers) {
          complete = look_back(looking, meter);
          why = "its share of rows, edges or time is over";
        }
        break;
    }
    taken += clock_() - begin;
    return complete || cut(why);
  }

  static std::size_t depth(const Looking& looking) { return std::max<std::size_t>(20, looking.options->hits); }
  static void put(Looking& looking, Shelf shelf, Shelved fact) {
    looking.shelf[static_cast<std::size_t>(shelf)].push_back(std::move(fact));
  }

  /// Facts that functional edges and others lead to from what the question names, then what walks from there meet.
  template <class Meter>
  bool look_around(Looking& looking, const Meter& meter) const {
    std::set<knowledge::NodeId> seen;
    std::vector<knowledge::Scored> seeds;
    std::size_t walked = 0;
    for (const Mention& mention : looking.done.names) {
      for (const knowledge::NodeId id : mention.nodes)
        seeds.push_back({id, 1.0 / static_cast<double>(mention.nodes.size())});
    }
    for (const knowledge::Scored& seed : seeds) {
      if (looking.selection.allows(seed.id) && says_something(seed.id) && seen.insert(seed.id).second) {
        put(looking, Shelf::graph, {seed.id, seed.score});
      }
    }
    if constexpr (std::same_as<Walk, knowledge::PageRank>) {
      for (const knowledge::Scored& seed : seeds) {
        if (!meter(walked)) return false;
        const std::vector<knowledge::Edge> edges = snapshot_->edges(seed.id);
        walked = edges.size();
        for (const bool out : {true, false}) {  // what is said of it, then what speaks of it
          for (const knowledge::Edge& edge : edges) {
            const knowledge::NodeId other = out ? edge.to : edge.from;
            if ((out ? edge.from : edge.to) != seed.id || !looking.selection.allows(other)) continue;
            if (!says_something(other) || !seen.insert(other).second) continue;
            put(looking, Shelf::graph, {other, seed.score, {edge.id}});
          }
        }
      }
    }
    if (!meter(walked)) return false;
    // Another walk says all that is near, also what says nothing.
    constexpr std::size_t wider = std::same_as<Walk, knowledge::PageRank> ? 1 : 10;
    const knowledge::Related near =
        snapshot_->related_by(walk_, View<const knowledge::Scored>(seeds), wider * depth(looking), meter);
    for (const knowledge::Scored& hit : near.nodes) {
      if (wider > 1 && seen.size() >= depth(looking)) break;
      if (!looking.selection.allows(hit.id) || !says_something(hit.id) || !seen.insert(hit.id).second) continue;
      Shelved fact{hit.id, hit.score};
      for (const knowledge::Scored& seed : seeds) {
        const knowledge::Way way = snapshot_->path(seed.id, hit.id, longest_pattern, meter);
        if (!way.complete) return false;
        if (!way.found) continue;
        for (const auto& step : way.steps) fact.way.push_back(step.edge);
        break;
      }
      put(looking, Shelf::graph, std::move(fact));
    }
    return near.complete;
  }
  bool says_something(knowledge::NodeId id) const {
    const auto node = snapshot_->node(id);
    return node && !node->text.empty();
  }

  /// False if the budget has no room for the rows.
  bool encode(Looking& looking, std::string_view text, std::vector<float>& vector) const {
    if (!vector.empty()) return true;
    if (looking.done.spent.rows >= looking.options->budget.rows) return false;
    vector.resize(encoder_->dim());
    encoder_->encode(View<const std::string_view>(&text, 1), MatrixView<float>(vector.data(), 1, vector.size()));
    return true;
  }
  bool look_near(Looking& looking) const {
    if (!encode(looking, looking.question, looking.vector)) return false;
    const std::uint64_t rows = looking.selection.count();
    if (rows == 0) return true;
    if (rows > looking.options->budget.rows - looking.done.spent.rows) return false;
    const knowledge::Found found = snapshot_->search(
        View<const float>(looking.vector), std::min<std::uint64_t>(depth(looking), rows), looking.selection);
    looking.done.spent.rows += found.rows_read;
    for (const knowledge::Scored& hit : found.hits) {
      if (hit.score >= looking.options->least_alike) put(looking, Shelf::vectors, {hit.id, hit.score});
    }
    return true;
  }

  /// What served the questions most alike, their names left out.
  template <class Meter>
  bool look_back(Looking& looking, const Meter& meter) const requires remembers {
    constexpr std::size_t looked_at = 40;
    constexpr std::size_t most_alike = 5;
    constexpr double least = 0.3;
    std::vector<float> vector;
    if (!encode(looking, masked(looking.folded, looking.done.names), vector)) return false;
    const auto questions = snapshot_->select({.kinds = knowledge::kinds(Schema::question_kind), .valid = false});
    const std::uint64_t rows = questions.count();
    if (rows == 0) return true;
    if (rows > looking.options->budget.rows - looking.done.spent.rows) return false;
    const knowledge::Found found =
        snapshot_->search(View<const float>(vector), std::min<std::uint64_t>(looked_at, rows), questions);
    looking.done.spent.rows += found.rows_read;
    const std::vector<std::uint16_t> form = form_of(looking.done.names);

    std::map<knowledge::NodeId, Shelved> votes;
    const std::vector<knowledge::NodeId> asked = all_nodes(looking.done.names);
    const auto vote = [&](knowledge::NodeId fact, double weight, const std::vector<knowledge::EdgeId>& way) {
      if (!looking.selection.allows(fact) || !says_something(fact)) return;
      votes.try_emplace(fact, Shelved{fact, 0, way}).first->second.score += weight;
    };
    std::size_t alike = 0;
    for (const knowledge::Scored& hit : found.hits) {
      if (hit.score < least || alike == most_alike) break;
      const std::vector<Mention> names = mentions(*snapshot_, snapshot_->node(hit.id)->text);
      if (form_of(names) != form) continue;
      ++alike;
      looking.all_votes += hit.score;
      const std::vector<knowledge::NodeId> named = all_nodes(names);
      std::map<knowledge::NodeId, std::vector<knowledge::EdgeId>> served;  // a question votes once for a fact
      for (const knowledge::Edge& used : snapshot_->edges(hit.id, knowledge::Direction::out, used_edges)) {
        const Pattern pattern = pattern_to(*snapshot_, named, used.to, used_edges, meter);
        if (pattern.steps.size() != 1) served.try_emplace(used.to);
        if (pattern.steps.empty()) continue;
        const std::string said = knowledge::folded(snapshot_->node(used.to)->text);
        for (const knowledge::NodeId thing : asked) {
          for (Led& one : most_like(said, follow(*snapshot_, thing, pattern, used_edges, meter))) {
            served.try_emplace(one.to, std::move(one.way));
          }
        }
      }
      for (const auto& [fact, way] : served) vote(fact, hit.score, way);
    }
    std::vector<Shelved> shelf;
    for (auto& [id, fact] : votes) shelf.push_back(std::move(fact));
    std::stable_sort(shelf.begin(), shelf.end(),
                     [](const Shelved& a, const Shelved& b) { return a.score > b.score; });
    for (Shelved& fact : shelf) put(looking, Shelf::experience, std::move(fact));
    return meter(0);
  }
  /// The kinds of things that a question names, ascending: questions of another form ask something else.
  std::vector<std::uint16_t> form_of(const std::vector<Mention>& names) const {
    std::vector<std::uint16_t> kinds;
    for (const Mention& name : names) {
      const auto node = snapshot_->node(name.nodes.front());
      if (node && is_name_alone(name)) kinds.push_back(node->kind);
    }
    std::sort(kinds.begin(), kinds.end());
    return kinds;
  }
  /// Of the facts that a pattern led to, those that have the most words in common with what served.
  std::vector<Led> most_like(const std::string& said, std::vector<Led> led) const {
    std::size_t most = 0;
    std::vector<std::size_t> common(led.size());
    const std::vector<std::string> words = terms_of(said);
    for (std::size_t i = 0; i < led.size(); ++i) {
      const std::string text = knowledge::folded(snapshot_->node(led[i].to)->text);
      for (const std::string& word : words) common[i] += holds_phrase(text, word) ? 1 : 0;
      most = std::max(most, common[i]);
    }
    std::vector<Led> best;
    for (std::size_t i = 0; i < led.size(); ++i) {
      if (common[i] == most) best.push_back(std::move(led[i]));
    }
    return best;
  }
  static std::vector<knowledge::NodeId> all_nodes(const std::vector<Mention>& names) {
    std::vector<knowledge::NodeId> all;
    for (const Mention& name : names) all.insert(all.end(), name.nodes.begin(), name.nodes.end());
    return all;
  }

  void merge(Looking& looking, const Category& category) const {
    std::map<knowledge::NodeId, ConsultHit> hits;
    for (std::size_t shelf = 0; shelf < shelves; ++shelf) {
      std::size_t rank = 0;
      for (const Shelved& fact : looking.shelf[shelf]) {
        ConsultHit& hit = hits[fact.id];
        hit.id = fact.id;
        hit.rank[shelf] = ++rank;
        if (hit.way.empty()) hit.way = fact.way;
        if (shelf == static_cast<std::size_t>(Shelf::experience)) {
          hit.by_names = 0.2 * std::min(1.0, fact.score / (0.5 * looking.all_votes));
        }
      }
    }
    std::vector<std::string> asked;
    for (const Mention& mention : looking.done.names) asked.push_back(mention.name);
    const std::vector<std::string> terms = terms_of(looking.folded);
    for (auto& [id, hit] : hits) {
      const knowledge::Node node = *snapshot_->node(id);
      hit.text = node.text;
      hit.source = node.source;
      std::size_t best = 101;
      for (const std::size_t rank : hit.rank) best = rank == 0 ? best : std::min(best, rank);
      hit.by_rank = 0.4 * (1 - 0.01 * static_cast<double>(std::min<std::size_t>(best, 100)));
      hit.by_kind = (category.wanted >> node.kind & 1U) != 0 ? 0.3 : 0;
      const std::string text = knowledge::folded(node.text);
      hit.by_names = std::max(hit.by_names, 0.2 * share_held(text, asked));
      hit.by_words = 0.1 * share_held(text, terms);
      hit.score = hit.by_rank + hit.by_kind + hit.by_names + hit.by_words;
      if (const auto owner = owner_edge(id)) {
        hit.valid_from = owner->valid_from;
        hit.valid_to = owner->valid_to;
      }
      looking.done.hits.push_back(std::move(hit));
    }
    std::stable_sort(looking.done.hits.begin(), looking.done.hits.end(),
                     [](const ConsultHit& a, const ConsultHit& b) { return a.score > b.score; });
    if (looking.done.hits.size() > looking.options->hits) looking.done.hits.resize(looking.options->hits);
    while (!looking.done.hits.empty() &&
           looking.done.hits.back().score < looking.done.hits.front().score - looking.options->margin) {
      looking.done.hits.pop_back();
    }
  }
  std::optional<knowledge::Edge> owner_edge(knowledge::NodeId id) const {
    const auto edges = snapshot_->edges(id, knowledge::Direction::in, Snapshot::functional_kinds);
    if (edges.empty()) return std::nullopt;
    return edges.front();
  }
  static double share_held(const std::string& text, const std::vector<std::string>& phrases) {
    if (phrases.empty()) return 0;
    const auto held = std::count_if(phrases.begin(), phrases.end(),
                                    [&](const std::string& phrase) { return holds_phrase(text, phrase); });
    return static_cast<double>(held) / static_cast<double>(phrases.size());
  }
  /// Words of four letters and more, each once.
  static std::vector<std::string> terms_of(const std::string& text) {
    std::set<std::string> terms;
    for (const Word& word : words_of(text)) {
      if (word.end - word.begin >= 4) terms.insert(text.substr(word.begin, word.end - word.begin));
    }
    return {terms.begin(), terms.end()};
  }

  void assemble(Looking& looking, const BlockWriter& writer) const {
    std::vector<std::string_view> facts;
    for (const ConsultHit& hit : looking.done.hits) facts.push_back(hit.text);
    looking.done.block = writer.write(View<const std::string_view>(facts), looking.options->budget.tokens);
    for (std::size_t i = 0; i < facts.size(); ++i) looking.done.hits[i].in_block = looking.done.block.taken[i];
  }

  const Snapshot* snapshot_;
  const Encoder* encoder_;
  const std::vector<Category>* categories_;
  Clock clock_;
  Walk walk_;
  knowledge::KindSet facts_ = knowledge::any_kind;
};

}  // namespace asterism::librarian
