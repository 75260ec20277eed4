// What is wrong with a game's files, and the game without it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/librarian/cards/data.hpp"
#include "asterism/librarian/cards/schema.hpp"

namespace asterism::librarian::cards {

enum class Flaw : std::uint8_t {
  duplicate,      ///< says again what an entry of the file says
  contradiction,  ///< two entries of one id or name say different things: the first is kept
  dangling,       ///< names an id that is nowhere
  unknown_kind,   ///< a type, relation or field that the schema lacks
  missing_field,  ///< has no name, no text, or the like
  cycle           ///< makes a thing a part of itself
};

inline constexpr std::size_t flaws = 6;

constexpr std::string_view name_of(Flaw flaw) {
  constexpr std::string_view names[flaws] = {"duplicate",    "contradiction", "dangling",
                                             "unknown kind", "missing field", "cycle"};
  return names[static_cast<std::size_t>(flaw)];
}

/// One thing that is wrong, and so left out.
struct Problem {
  Flaw flaw = Flaw::duplicate;
  std::string where{};  ///< file and row
  std::string what{};
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// A game is refused for what is wrong in it. The message has all of it.
class UnsoundGame : public FormatError {
 public:
  explicit UnsoundGame(std::vector<Problem> problems);
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

struct Checked {
  Game game{};                                  ///< what is sound
  std::vector<Problem> problems{};              ///< all else, in the order of the files
  std::map<std::string, std::size_t> absent{};  ///< fields that a card may lack -> cards that do
  std::size_t reprints = 0;                     ///< cards that say what one of the same name says
};

/// A thing that a file which was not read has named before.
struct Known {
  CardGame::NodeKind kind = CardGame::NodeKind::thing;
  std::string name{};
};

/// The thing with an id, if there is one.
using KnownElsewhere = std::function<std::optional<Known>(std::string_view id)>;

/// Tells sound entries from others. Entries with an id or name that an earlier one has are left out; a card that says
/// the same as one of its name under another id is a reprint, whose id goes to that card, and errata name it by the
/// first one's id. References that dangle and parts that close a cycle are left out of entries that stay. Linear in the
/// game, but for sorting.
Checked check(Game game, const KnownElsewhere& known = nullptr);

/// The kind of a relation that files may state, from is_a to located_in; no value for another name.
std::optional<CardGame::EdgeKind> relation_kind(std::string_view name);

/// The kind of a thing that an entity may be; no value for another name.
std::optional<CardGame::NodeKind> thing_kind(std::string_view name);

/// The id of a kind, keyword or verb that cards name without one: `keyword:first strike`.
std::string entity_id(std::string_view type, std::string_view name);

}  // namespace asterism::librarian::cards

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/cards/check_impl.hpp"
#endif
