// What the files of a card game say, as they were read: cards, rules, terms, the things that these name, relations
// between all of them, and dated errata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "asterism/knowledge/types.hpp"

namespace asterism::librarian::cards {

/// What a card does: `scouts 4`.
struct Ability {
  std::string verb{};
  std::int64_t amount = 0;
};

/// A card, or one face of it. Texts that the file lacks are empty; figures are texts, since some are `*` or `1+*`.
struct Card {
  std::string where{};  ///< place in the file, for messages
  std::string id{};     ///< MTGJSON's uuid; made of the name where there is none
  std::string name{};   ///< of the face, where there are several
  std::string whole{};  ///< the name of the card that it is a face of
  std::optional<std::string> cost{};
  std::optional<std::string> strength{};
  std::optional<std::string> guard{};
  std::vector<std::string> kinds{};
  std::vector<std::string> keywords{};
  std::string text{};
  std::optional<Ability> ability{};
  std::vector<std::string> other_ids{};  ///< of further printings that say the same
};

/// An entry of the rule book: a section `100.`, a rule `100.1`, or a part of one `100.1a`.
struct Rule {
  std::string where{};
  std::string id{};
  std::string number{};
  std::string title{};
  std::string text{};
  std::string parent{};  ///< id of the entry that it is part of; empty: none
  std::vector<std::string> refers_to{};
  std::vector<std::string> governs{};
};

struct Term {
  std::string where{};
  std::string id{};
  std::string name{};
  std::string definition{};
};

/// A kind, keyword, verb, place or thing that others name.
struct Entity {
  std::string where{};
  std::string id{};
  std::string type{};  ///< name of a NodeKind of CardGame
  std::string name{};
};

struct Relation {
  std::string where{};
  std::string from{};  ///< an id
  std::string kind{};  ///< name of an EdgeKind of CardGame, from is_a to located_in
  std::string to{};
};

/// From an instant on, a figure of a card is another one.
struct Erratum {
  std::string where{};
  std::string card{};   ///< an id
  std::string field{};  ///< cost, strength or guard
  std::string value{};
  knowledge::Time from{};
};

/// Rows of one file.
template <class Row>
struct Listed {
  std::string source{};  ///< the file's name, by which the graph knows who said so; one line
  std::vector<Row> rows{};
};

/// A game. What was not read says nothing, which is something else than a file without rows.
struct Game {
  std::optional<Listed<Card>> cards{};
  std::optional<Listed<Rule>> rules{};
  std::optional<Listed<Term>> terms{};
  std::optional<Listed<Entity>> entities{};
  std::optional<Listed<Relation>> relations{};
  std::optional<Listed<Erratum>> errata{};
};

}  // namespace asterism::librarian::cards
