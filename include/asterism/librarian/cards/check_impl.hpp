// Bodies of check.hpp.
#pragma once

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/librarian/cards/check.hpp"
#include "asterism/librarian/cards/dates.hpp"
#include "asterism/librarian/cards/sentences.hpp"

namespace asterism::librarian::cards {

namespace detail {

inline std::string in_quotes(std::string_view text) { return concat("'", printable(text, 80), "'"); }

/// The work of `check`, file by file.
class Checker {
 public:
  Checker(Game& game, const KnownElsewhere& known) : game_(game), known_(known) {}

  Checked run() {
    if (game_.cards) check_cards(game_.cards->rows);
    if (game_.rules) {
      check_named(
          CardGame::NodeKind::rule, game_.rules->rows, [](const Rule& rule) { return rule.number; },
          [](const Rule& rule) { return without_point(rule.text); }, "text");
    }
    if (game_.terms) {
      check_named(
          CardGame::NodeKind::term, game_.terms->rows, [](const Term& term) { return term.name; },
          [](const Term& term) { return without_point(term.definition); }, "definition");
    }
    if (game_.entities) check_entities(game_.entities->rows);
    if (game_.rules) check_references(game_.rules->rows);
    if (game_.relations) check_relations(game_.relations->rows);
    if (game_.errata) check_errata(game_.errata->rows);
    done_.game = std::move(game_);
    return std::move(done_);
  }

 private:
  void problem(Flaw flaw, std::string_view where, std::string what) {
    done_.problems.push_back({flaw, std::string(where), std::move(what)});
  }
  std::optional<CardGame::NodeKind> kind_of(const std::string& id) const {
    if (const auto here = ids_.find(id); here != ids_.end()) return here->second;
    if (!known_) return std::nullopt;
    const std::optional<Known> elsewhere = known_(id);
    return elsewhere ? std::optional(elsewhere->kind) : std::nullopt;
  }
  /// False, and a problem, if it is not.
  bool leads_somewhere(const std::string& id, std::string_view where, std::string_view field) {
    if (kind_of(id)) return true;
    problem(Flaw::dangling, where, concat(field, " is ", in_quotes(id), ", which no file describes"));
    return false;
  }

  void check_cards(std::vector<Card>& rows) {
    struct Seen {
      std::size_t place;
      std::string says;
    };
    std::unordered_map<std::string, Seen> by_id;
    std::unordered_map<std::string, Seen> by_name;
    std::vector<Card> sound;
    for (Card& card : rows) {
      if (without_point(card.name).empty()) {
        problem(Flaw::missing_field, card.where, "the card has no name");
        continue;
      }
      std::string says;
      for (const Sentence& one : sentences(card)) says += concat(one.text, "\n");
      const auto refuse = [&](const Seen& first, const std::string& what) {
        const bool same = first.says == says;
        problem(same ? Flaw::duplicate : Flaw::contradiction, card.where,
                concat(what, " is that of ", sound[first.place].where, same ? "" : ", which says something else"));
      };
      if (const auto first = by_id.find(card.id); first != by_id.end()) {
        refuse(first->second, concat("the id ", in_quotes(card.id)));
        continue;
      }
      if (const auto first = by_name.find(knowledge::folded(card.name)); first != by_name.end()) {
        if (first->second.says != says) {
          refuse(first->second, concat("the name ", in_quotes(card.name)));
          continue;
        }
        sound[first->second.place].other_ids.push_back(card.id);
        by_id[card.id] = first->second;
        ids_.emplace(card.id, CardGame::NodeKind::card);
        reprinted_[card.id] = sound[first->second.place].id;
        ++done_.reprints;
        continue;
      }
      count_absent(card);
      using Kind = CardGame::NodeKind;
      for (const std::string& kind : card.kinds) ids_.emplace(entity_id("kind", kind), Kind::kind);
      for (const std::string& keyword : card.keywords) ids_.emplace(entity_id("keyword", keyword), Kind::keyword);
      if (card.ability) ids_.emplace(entity_id("verb", card.ability->verb), Kind::verb);
      ids_.emplace(card.id, Kind::card);
      const Seen seen{sound.size(), std::move(says)};
      by_id[card.id] = seen;
      by_name[knowledge::folded(card.name)] = seen;
      sound.push_back(std::move(card));
    }
    rows = std::move(sound);
  }
  void count_absent(const Card& card) {
    const auto count = [&](const char* field, bool there) {
      if (!there) ++done_.absent[field];
    };
    count("manaValue", card.cost.has_value());
    count("power", card.strength.has_value());
    count("toughness", card.guard.has_value());
    count("types", !card.kinds.empty());
    count("text", !card.text.empty() || card.ability.has_value());
  }

  /// Rules by number, terms by name: each must have a text.
  template <class Row, class Name, class Says>
  void check_named(CardGame::NodeKind kind, std::vector<Row>& rows, Name name, Says says, std::string_view field) {
    std::unordered_map<std::string, std::size_t> seen;
    std::vector<Row> sound;
    for (Row& row : rows) {
      if (name(row).empty() || says(row).empty()) {
        problem(Flaw::missing_field, row.where, concat("the entry has no ", name(row).empty() ? "name" : field));
        continue;
      }
      auto first = seen.find(knowledge::folded(name(row)));
      if (first == seen.end()) first = seen.find("id " + row.id);
      if (first != seen.end()) {
        const Row& other = sound[first->second];
        const bool same = says(other) == says(row) && name(other) == name(row);
        problem(same ? Flaw::duplicate : Flaw::contradiction, row.where,
                concat(in_quotes(name(row)), " has the name or the id of ", other.where,
                       same ? "" : ", which says something else"));
        continue;
      }
      seen[knowledge::folded(name(row))] = seen["id " + row.id] = sound.size();
      ids_.emplace(row.id, kind);
      sound.push_back(std::move(row));
    }
    rows = std::move(sound);
  }

  void check_entities(std::vector<Entity>& rows) {
    std::unordered_map<std::string, std::size_t> seen;
    std::vector<Entity> sound;
    for (Entity& row : rows) {
      if (row.id.empty() || row.name.empty()) {
        problem(Flaw::missing_field, row.where, concat("the entity has no ", row.id.empty() ? "id" : "name"));
      } else if (!thing_kind(row.type)) {
        problem(Flaw::unknown_kind, row.where,
                concat("the type is ", in_quotes(row.type), ", which the schema lacks"));
      } else if (const auto first = seen.find(row.id); first != seen.end()) {
        const Entity& other = sound[first->second];
        const bool same = other.name == row.name && other.type == row.type;
        problem(same ? Flaw::duplicate : Flaw::contradiction, row.where,
                concat("the id ", in_quotes(row.id), " is that of ", other.where,
                       same ? "" : ", which says something else"));
      } else {
        seen[row.id] = sound.size();
        ids_.emplace(row.id, *thing_kind(row.type));
        sound.push_back(std::move(row));
      }
    }
    rows = std::move(sound);
  }

  /// True if the part may be a part of the whole; false, and a problem, if that would close a cycle.
  bool joins(const std::string& part, const std::string& whole, std::string_view where) {
    std::vector<std::string> open{whole};
    std::set<std::string> seen;
    while (!open.empty()) {
      const std::string id = std::move(open.back());
      open.pop_back();
      if (id == part) {
        problem(Flaw::cycle, where,
                concat(in_quotes(part), " would be a part of itself, by way of ", in_quotes(whole)));
        return false;
      }
      if (!seen.insert(id).second) continue;
      const auto [first, last] = wholes_.equal_range(id);
      for (auto one = first; one != last; ++one) open.push_back(one->second);
    }
    wholes_.emplace(part, whole);
    return true;
  }
  void check_references(std::vector<Rule>& rows) {
    for (Rule& rule : rows) {
      const auto check = [&](std::vector<std::string>& ids, std::string_view field) {
        std::erase_if(ids, [&](const std::string& id) { return !leads_somewhere(id, rule.where, field); });
      };
      if (!rule.parent.empty() &&
          (!leads_somewhere(rule.parent, rule.where, "'parent'") || !joins(rule.id, rule.parent, rule.where))) {
        rule.parent.clear();
      }
      check(rule.refers_to, "an id of 'refers_to'");
      check(rule.governs, "an id of 'governs'");
    }
  }

  void check_relations(std::vector<Relation>& rows) {
    std::set<std::tuple<std::string, std::string, std::string>> seen;
    std::set<std::pair<std::string, std::string>> parts;
    if (game_.rules) {
      for (const Rule& rule : game_.rules->rows) parts.emplace(rule.id, rule.parent);
    }
    std::erase_if(rows, [&](const Relation& row) {
      const auto kind = relation_kind(row.kind);
      if (!kind) {
        problem(Flaw::unknown_kind, row.where,
                concat("the relation is ", in_quotes(row.kind), ", which the schema lacks"));
        return true;
      }
      const bool from = leads_somewhere(row.from, row.where, "the first id");
      const bool to = leads_somewhere(row.to, row.where, "the second id");
      if (!from || !to) return true;
      if (!seen.emplace(row.from, row.kind, row.to).second) {
        problem(Flaw::duplicate, row.where,
                concat(in_quotes(row.from), " ", row.kind, " ", in_quotes(row.to), " stands there twice"));
        return true;
      }
      return *kind == CardGame::EdgeKind::part_of && parts.count({row.from, row.to}) == 0 &&
             !joins(row.from, row.to, row.where);
    });
  }

  void check_errata(std::vector<Erratum>& rows) {
    std::map<std::tuple<std::string, std::string, knowledge::Time>, std::string> seen;
    std::erase_if(rows, [&](Erratum& row) {
      if (!is_figure(row.field)) {
        problem(Flaw::unknown_kind, row.where,
                concat("the field is ", in_quotes(row.field), ", expected cost, strength or guard"));
        return true;
      }
      if (row.value.empty()) {
        problem(Flaw::missing_field, row.where, "the erratum has no value");
        return true;
      }
      if (!leads_somewhere(row.card, row.where, "'card'")) return true;
      if (kind_of(row.card) != CardGame::NodeKind::card) {
        problem(Flaw::dangling, row.where, concat("'card' is ", in_quotes(row.card), ", which is no card"));
        return true;
      }
      if (const auto first = reprinted_.find(row.card); first != reprinted_.end()) row.card = first->second;
      const auto [first, fresh] = seen.try_emplace({row.card, row.field, row.from}, row.value);
      if (fresh) return false;
      const bool same = first->second == row.value;
      problem(same ? Flaw::duplicate : Flaw::contradiction, row.where,
              concat(in_quotes(row.card), " has the ", row.field, " ", in_quotes(first->second), " from ",
                     instant_text(row.from), " on already"));
      return true;
    });
  }

  Game& game_;
  const KnownElsewhere& known_;
  Checked done_{};
  std::unordered_map<std::string, CardGame::NodeKind> ids_{};
  std::unordered_map<std::string, std::string> reprinted_{};  // ids of reprints -> of the first printing
  std::unordered_multimap<std::string, std::string> wholes_{};
};

inline std::string message(const std::vector<Problem>& problems) {
  std::string text = concat("the game's files are not sound, ", problems.size(), " problems:");
  for (const Problem& one : problems) text += concat("\n  ", name_of(one.flaw), ": ", one.where, ": ", one.what);
  return text + "\nmend them, or leave out what is wrong by quarantine";
}

}  // namespace detail

ASTERISM_INLINE UnsoundGame::UnsoundGame(std::vector<Problem> problems)
    : FormatError(detail::message(problems)), problems_(std::move(problems)) {}

ASTERISM_INLINE Checked check(Game game, const KnownElsewhere& known) {
  return detail::Checker(game, known).run();
}

ASTERISM_INLINE std::optional<CardGame::EdgeKind> relation_kind(std::string_view name) {
  for (std::size_t i = 0; i <= knowledge::number(CardGame::EdgeKind::located_in); ++i) {
    if (CardGame::name_of(static_cast<CardGame::EdgeKind>(i)) == name) return static_cast<CardGame::EdgeKind>(i);
  }
  return std::nullopt;
}

ASTERISM_INLINE std::optional<CardGame::NodeKind> thing_kind(std::string_view name) {
  for (std::size_t i = 0; i <= knowledge::number(CardGame::NodeKind::thing); ++i) {
    if (CardGame::name_of(static_cast<CardGame::NodeKind>(i)) == name) return static_cast<CardGame::NodeKind>(i);
  }
  return std::nullopt;
}

ASTERISM_INLINE std::string entity_id(std::string_view type, std::string_view name) {
  return concat(type, ":", knowledge::folded(name));
}

}  // namespace asterism::librarian::cards
