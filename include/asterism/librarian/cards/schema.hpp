// A schema for trading-card games: cards, the rule book, terms, what is said of them, and what was asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/knowledge/schema.hpp"

namespace asterism::librarian {

/// Models GraphSchema. Cards, rules, terms and the things that connect them are nodes with names; what is said of one
/// is a node of the kind `fact` with a sentence as text, reached by an edge that says what of: so a sentence has a time
/// in which it holds. Logs of games are nodes of the kind `event`, with the game as source.
struct CardGame {
  enum class NodeKind : std::uint16_t {
    card,
    rule,
    term,
    keyword,
    verb,
    kind,
    place,
    thing,
    fact,
    event,
    question
  };
  enum class EdgeKind : std::uint16_t {
    // of the game, between things
    is_a,
    has_keyword,
    does,
    part_of,
    refers_to,
    governs,
    concerns,
    located_in,
    // from a thing to a fact about it
    cost,
    strength,
    guard,
    card_kind,
    ability,
    keyword,
    means,
    states,
    // found in texts, and by use
    mentions,
    used
  };
  static constexpr std::size_t node_kinds = 11;
  static constexpr std::size_t edge_kinds = 18;

  static constexpr std::string_view name_of(NodeKind kind) {
    constexpr std::string_view names[node_kinds] = {"card",  "rule",  "term", "keyword", "verb",    "kind",
                                                    "place", "thing", "fact", "event",   "question"};
    return names[knowledge::number(kind)];
  }
  static constexpr std::string_view name_of(EdgeKind kind) {
    constexpr std::string_view names[edge_kinds] = {"is_a",    "has_keyword", "does",       "part_of", "refers_to",
                                                    "governs", "concerns",    "located_in", "cost",    "strength",
                                                    "guard",   "card_kind",   "ability",    "keyword", "means",
                                                    "states",  "mentions",    "used"};
    return names[knowledge::number(kind)];
  }
  static constexpr bool to_fact(EdgeKind kind) { return kind >= EdgeKind::cost && kind <= EdgeKind::states; }
  static constexpr knowledge::Ends ends(EdgeKind kind) {
    using knowledge::kinds;
    if (kind == EdgeKind::means) return {kinds(NodeKind::term), kinds(NodeKind::fact)};
    if (kind == EdgeKind::states) return {kinds(NodeKind::rule), kinds(NodeKind::fact)};
    if (to_fact(kind)) return {kinds(NodeKind::card), kinds(NodeKind::fact)};
    if (kind == EdgeKind::used) return {kinds(NodeKind::question), knowledge::any_kind};
    return {};
  }
  /// A card has one cost at a time, but several keywords.
  static constexpr bool functional(EdgeKind kind) { return to_fact(kind) && kind != EdgeKind::keyword; }
  static constexpr bool mergeable(NodeKind kind) { return kind == NodeKind::fact; }

  // What the librarian needs for experience.
  static constexpr NodeKind question_kind = NodeKind::question;
  static constexpr EdgeKind used_kind = EdgeKind::used;
};

static_assert(knowledge::GraphSchema<CardGame>);

}  // namespace asterism::librarian
