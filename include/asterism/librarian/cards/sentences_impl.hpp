// Bodies of sentences.hpp.
#pragma once

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/librarian/cards/sentences.hpp"

namespace asterism::librarian::cards {

ASTERISM_INLINE std::string without_point(std::string_view text) {
  std::string line;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      blank = !line.empty();
      continue;
    }
    if (blank) line += ' ';
    blank = false;
    line += c;
  }
  if (!line.empty() && line.back() == '.') line.pop_back();
  return line;
}

ASTERISM_INLINE std::vector<Sentence> sentences(const Card& card) {
  using Edge = CardGame::EdgeKind;
  std::vector<Sentence> all;
  const auto say = [&](Edge kind, std::string_view word, std::string_view value) {
    all.push_back({kind, without_point(concat(card.name, " ", word, " ", value))});
  };
  if (card.cost) say(Edge::cost, "cost", *card.cost);
  if (card.strength) say(Edge::strength, "strength", *card.strength);
  if (card.guard) say(Edge::guard, "guard", *card.guard);
  std::string kinds;
  for (const std::string& kind : card.kinds) kinds += kinds.empty() ? kind : " " + kind;
  if (!kinds.empty()) say(Edge::card_kind, "kind", kinds);
  if (card.ability) {
    say(Edge::ability, "ability", concat(card.ability->verb, " ", card.ability->amount));
  } else if (!card.text.empty()) {
    say(Edge::ability, "ability", card.text);
  }
  for (const std::string& keyword : card.keywords) say(Edge::keyword, "keyword", keyword);
  return all;
}

ASTERISM_INLINE Sentence sentence(const Rule& rule) {
  std::string text = without_point(rule.text);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return {CardGame::EdgeKind::states, concat("Rule ", rule.number, " ", text)};
}

ASTERISM_INLINE Sentence sentence(const Term& term) {
  return {CardGame::EdgeKind::means, without_point(concat(term.name, " means ", term.definition))};
}

ASTERISM_INLINE bool is_figure(std::string_view field) {
  return field == "cost" || field == "strength" || field == "guard";
}

ASTERISM_INLINE Sentence sentence(const Erratum& erratum, std::string_view card) {
  using Edge = CardGame::EdgeKind;
  if (!is_figure(erratum.field)) {
    throw InvalidArgument(concat(erratum.where, ": the field is '", printable(erratum.field, 40),
                                 "', expected cost, strength or guard"));
  }
  const Edge kind = erratum.field == "cost" ? Edge::cost : erratum.field == "guard" ? Edge::guard : Edge::strength;
  return {kind, without_point(concat(card, " ", erratum.field, " ", erratum.value))};
}

}  // namespace asterism::librarian::cards
