// Bodies of statements.hpp.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "asterism/core/format.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/sources.hpp"
#include "asterism/librarian/cards/sentences.hpp"
#include "asterism/librarian/cards/statements.hpp"
#include "asterism/librarian/mentions.hpp"
#include "asterism/librarian/statement.hpp"

namespace asterism::librarian::cards {

namespace detail {

/// The work of `statements`, file by file.
class Stating {
 public:
  using Node = CardGame::NodeKind;
  using Edge = CardGame::EdgeKind;

  Stating(const Game& game, const KnownElsewhere& known) : game_(game), known_(known) {}

  Statements run() {
    if (game_.entities) {
      for (const Entity& one : game_.entities->rows)
        thing(*thing_kind(one.type), one.id, one.name, game_.entities->source);
    }
    if (game_.cards) {
      for (const Card& card : game_.cards->rows) state(card, game_.cards->source);
    }
    if (game_.rules) state_rules();
    if (game_.terms) {
      for (const Term& term : game_.terms->rows) {
        Thing& node = thing(Node::term, term.id, term.name, game_.terms->source);
        // Who asks what something is called names it by what it means.
        const std::string meaning = without_point(term.definition);
        if (words_of(meaning).size() <= longest_name) node.aliases.push_back(meaning);
        say(term.id, sentence(term), game_.terms->source);
      }
    }
    if (game_.relations) {
      for (const Relation& row : game_.relations->rows) {
        link(row.from, *relation_kind(row.kind), row.to, game_.relations->source);
      }
    }
    if (game_.errata) state_errata();
    const auto read = [&](const auto& listed) {
      if (listed) done_.sources.push_back(listed->source);
    };
    read(game_.cards);
    read(game_.rules);
    read(game_.terms);
    read(game_.entities);
    read(game_.relations);
    read(game_.errata);
    return std::move(done_);
  }

 private:
  Thing& thing(Node kind, const std::string& id, std::string_view name, std::string_view source) {
    const auto [place, fresh] = things_.try_emplace(id, done_.things.size());
    if (fresh) done_.things.push_back({.kind = kind, .id = id, .name = std::string(name), .aliases = {id}});
    Thing& thing = done_.things[place->second];
    thing.sources = knowledge::with_source(thing.sources, source);
    return thing;
  }
  void link(const std::string& from, Edge kind, const std::string& to, std::string_view source) {
    const auto [place, fresh] = links_.try_emplace({from, kind, to}, done_.links.size());
    if (fresh) done_.links.push_back({.from = from, .kind = kind, .to = to});
    Link& link = done_.links[place->second];
    link.sources = knowledge::with_source(link.sources, source);
  }
  void say(const std::string& about, Sentence sentence, std::string_view source) {
    done_.facts.push_back(
        {.about = about, .kind = sentence.kind, .text = std::move(sentence.text), .source = std::string(source)});
  }

  void state(const Card& card, const std::string& source) {
    Thing& node = thing(Node::card, card.id, card.name, source);
    node.aliases.insert(node.aliases.end(), card.other_ids.begin(), card.other_ids.end());
    if (!card.whole.empty()) node.aliases.push_back(card.whole);
    const auto has = [&](Node kind, Edge edge, const std::string& name) {
      const std::string id = entity_id(CardGame::name_of(kind), name);
      thing(kind, id, name, source);
      link(card.id, edge, id, source);
    };
    for (const std::string& kind : card.kinds) has(Node::kind, Edge::is_a, kind);
    for (const std::string& keyword : card.keywords) has(Node::keyword, Edge::has_keyword, keyword);
    if (card.ability) has(Node::verb, Edge::does, card.ability->verb);
    std::set<std::string> said;
    for (Sentence& one : sentences(card)) {
      if (said.insert(one.text).second) say(card.id, std::move(one), source);
    }
  }

  void state_rules() {
    std::unordered_map<std::string, std::string> titles;
    for (const Rule& rule : game_.rules->rows) titles[rule.id] = rule.title;
    const std::string& source = game_.rules->source;
    for (const Rule& rule : game_.rules->rows) {
      std::string_view number = rule.number;
      if (number.back() == '.') number.remove_suffix(1);
      Thing& node = thing(Node::rule, rule.id, concat("Rule ", number), source);
      if (number.size() == rule.number.size()) node.aliases.emplace_back(number);
      const auto above = titles.find(rule.parent);
      if (!rule.title.empty() && (above == titles.end() || above->second != rule.title)) {
        node.aliases.push_back(rule.title);
      }
      say(rule.id, sentence(rule), source);
      if (!rule.parent.empty()) link(rule.id, Edge::part_of, rule.parent, source);
      for (const std::string& other : rule.refers_to) link(rule.id, Edge::refers_to, other, source);
      for (const std::string& other : rule.governs) link(rule.id, Edge::governs, other, source);
    }
  }

  void state_errata() {
    std::vector<Erratum> all = game_.errata->rows;
    std::stable_sort(all.begin(), all.end(), [](const Erratum& a, const Erratum& b) { return a.from < b.from; });
    for (const Erratum& one : all) {
      std::string name;
      if (const auto here = things_.find(one.card); here != things_.end()) {
        name = done_.things[here->second].name;
      } else if (const auto elsewhere = known_ ? known_(one.card) : std::nullopt) {
        name = elsewhere->name;
      }
      say(one.card, sentence(one, name), game_.errata->source);
      done_.facts.back().from = one.from;
    }
  }

  const Game& game_;
  const KnownElsewhere& known_;
  Statements done_{};
  std::unordered_map<std::string, std::size_t> things_{};
  std::map<std::tuple<std::string, Edge, std::string>, std::size_t> links_{};
};

/// Ends a part of a text.
inline bool is_break(char c) { return c == '.' || c == ',' || c == ';' || c == '\n'; }

}  // namespace detail

ASTERISM_INLINE Statements statements(const Game& game, const KnownElsewhere& known) {
  return detail::Stating(game, known).run();
}

ASTERISM_INLINE void NameFinder::add(CardGame::NodeKind kind, std::string_view name, std::string_view id) {
  std::string key = knowledge::folded(name);
  if (key.empty()) return;
  by_name_[std::move(key)].push_back({kind, std::string(id), std::string(name)});
}

ASTERISM_INLINE std::vector<NameFinder::Named> NameFinder::find(std::string_view text) const {
  std::vector<Named> all;
  const std::vector<Word> words = words_of(text);
  const auto alone = [&](std::size_t begin, std::size_t end) {
    while (begin > 0 && text[begin - 1] == ' ') --begin;
    while (end < text.size() && text[end] == ' ') ++end;
    return (begin == 0 || detail::is_break(text[begin - 1])) &&
           (end == text.size() || detail::is_break(text[end]));
  };
  for (std::size_t i = 0; i < words.size();) {
    std::size_t next = i + 1;
    for (std::size_t end = std::min(words.size(), i + longest_name); end > i; --end) {
      const std::string_view slice = text.substr(words[i].begin, words[end - 1].end - words[i].begin);
      const auto found = by_name_.find(knowledge::folded(slice));
      if (found == by_name_.end()) continue;
      bool any = false;
      for (const Entry& entry : found->second) {
        if (entry.kind == CardGame::NodeKind::card && entry.name != slice) continue;
        any = true;
        const auto same = [&](const Named& one) { return one.id == entry.id; };
        const bool on_its_own = alone(words[i].begin, words[end - 1].end);
        if (const auto before = std::find_if(all.begin(), all.end(), same); before != all.end()) {
          before->alone = before->alone || on_its_own;
        } else {
          all.push_back({entry.kind, entry.id, on_its_own});
        }
      }
      if (!any) continue;
      next = end;
      break;
    }
    i = next;
  }
  return all;
}

ASTERISM_INLINE std::string texts_of(std::string_view file) { return concat("texts of ", file); }

ASTERISM_INLINE std::vector<Link> links_in_texts(const Game& game, const NameFinder& names) {
  using Node = CardGame::NodeKind;
  using Edge = CardGame::EdgeKind;
  std::vector<Link> all;
  const auto search = [&](Node kind, const std::string& id, std::string_view text, std::string_view file) {
    for (NameFinder::Named& named : names.find(text)) {
      if (named.id == id) continue;
      Edge edge = Edge::mentions;
      if (kind == Node::card && named.kind == Node::keyword && named.alone) edge = Edge::has_keyword;
      if (kind == Node::card && named.kind == Node::verb) edge = Edge::does;
      if (kind == Node::rule && named.kind == Node::rule) edge = Edge::refers_to;
      all.push_back({.from = id, .kind = edge, .to = std::move(named.id), .sources = texts_of(file)});
    }
  };
  if (game.cards) {
    for (const Card& card : game.cards->rows) search(Node::card, card.id, card.text, game.cards->source);
  }
  if (game.rules) {
    for (const Rule& rule : game.rules->rows) search(Node::rule, rule.id, rule.text, game.rules->source);
  }
  if (game.terms) {
    for (const Term& term : game.terms->rows) search(Node::term, term.id, term.definition, game.terms->source);
  }
  return all;
}

}  // namespace asterism::librarian::cards
