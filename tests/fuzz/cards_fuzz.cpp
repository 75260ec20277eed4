// Files of cards in MTGJSON's shapes: whatever the bytes, they are cards whose sentences are lines, or a FormatError;
// and checking them leaves each id and name once.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/librarian/cards/check.hpp"
#include "asterism/librarian/cards/read_cards.hpp"
#include "asterism/librarian/cards/sentences.hpp"
#include "asterism/librarian/cards/statements.hpp"

namespace cards = asterism::librarian::cards;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    cards::Game game;
    game.cards = {"cards.json", cards::parse_cards(text, "fuzz")};
    for (const cards::Card& card : game.cards->rows) {
      if (card.id.empty() || card.where.empty()) std::abort();
      for (const cards::Sentence& one : cards::sentences(card)) {
        if (one.text.find('\n') != std::string::npos || one.text.find('\0') != std::string::npos) std::abort();
      }
    }
    const std::size_t read = game.cards->rows.size();
    const cards::Checked checked = cards::check(std::move(game));
    if (checked.game.cards->rows.size() + checked.problems.size() + checked.reprints != read) std::abort();
    std::set<std::string> ids;
    std::set<std::string> names;
    for (const cards::Card& card : checked.game.cards->rows) {
      if (!ids.insert(card.id).second || !names.insert(asterism::knowledge::folded(card.name)).second)
        std::abort();
    }
    cards::statements(checked.game);
  } catch (const asterism::FormatError&) {
  }
  return 0;
}
