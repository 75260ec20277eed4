// The sentences in which a graph keeps what a game's files say: as models read them, without the final point.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/librarian/cards/data.hpp"
#include "asterism/librarian/cards/schema.hpp"

namespace asterism::librarian::cards {

/// A sentence, and the kind of the edge that leads to it from what it is about.
struct Sentence {
  CardGame::EdgeKind kind = CardGame::EdgeKind::states;
  std::string text{};
  friend bool operator==(const Sentence&, const Sentence&) = default;
};

/// `Coral Hermit strength 2`, `Coral Hermit ability scouts 4`, a sentence for each keyword; none for what the card
/// lacks. Several kinds stand in one sentence. Without an `ability` the card's text is its ability, lines joined by
/// blanks.
std::vector<Sentence> sentences(const Card& card);
/// `Rule 140.1a allies add strength`: the text begins with a small letter.
Sentence sentence(const Rule& rule);
/// `second flag means lit beast in hand`.
Sentence sentence(const Term& term);
/// `Coral Hermit strength 3`, of a card with this name. InvalidArgument for another field than cost, strength and
/// guard.
Sentence sentence(const Erratum& erratum, std::string_view card);

/// True of cost, strength and guard.
bool is_figure(std::string_view field);

/// A text on one line, runs of white space as one blank, without the final point.
std::string without_point(std::string_view text);

}  // namespace asterism::librarian::cards

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/cards/sentences_impl.hpp"
#endif
