// A game as a graph holds it: things with names, links between them, and facts about them, each with who says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/librarian/cards/check.hpp"
#include "asterism/librarian/cards/data.hpp"
#include "asterism/librarian/cards/schema.hpp"

namespace asterism::librarian::cards {

struct Thing {
  CardGame::NodeKind kind = CardGame::NodeKind::thing;
  std::string id{};
  std::string name{};
  std::vector<std::string> aliases{};  ///< its id among them
  std::string sources{};               ///< see knowledge/sources.hpp
};

struct Link {
  std::string from{};  ///< an id
  CardGame::EdgeKind kind = CardGame::EdgeKind::mentions;
  std::string to{};
  std::string sources{};
};

struct Fact {
  std::string about{};  ///< an id
  CardGame::EdgeKind kind = CardGame::EdgeKind::states;
  std::string text{};
  std::string source{};
  std::optional<knowledge::Time> from{};  ///< of an erratum
};

struct Statements {
  std::vector<Thing> things{};         ///< each id once
  std::vector<Link> links{};           ///< each once
  std::vector<Fact> facts{};           ///< errata behind all else, by instant
  std::vector<std::string> sources{};  ///< files that were read
};

/// Of a sound game. Rules are called `Rule 140.1a`, by their number too, and by a title that they don't share with the
/// entry that they are part of. Kinds, keywords and verbs that cards name are things, whether entities.json names them
/// or not.
Statements statements(const Game& game, const KnownElsewhere& known = nullptr);

/// Names that texts are searched for. Cards' names count as they are written, others in any case; of names that overlap
/// the one that begins first, of these the longest, at most eight words. Const members may be called from several
/// threads.
class NameFinder {
 public:
  void add(CardGame::NodeKind kind, std::string_view name, std::string_view id);
  struct Named {
    CardGame::NodeKind kind = CardGame::NodeKind::thing;
    std::string id{};
    bool alone = false;  ///< the name is a sentence or a part between commas, or several such names in a row are
  };
  /// In the order of the text, each id once.
  std::vector<Named> find(std::string_view text) const;

 private:
  struct Entry {
    CardGame::NodeKind kind;
    std::string id;
    std::string name;
  };
  std::unordered_map<std::string, std::vector<Entry>> by_name_{};  // folded
};

/// Links that the texts of cards, rules and terms tell: a keyword that stands alone in a card's text is one that it
/// has, a verb is one that it does, a rule's number in a rule refers to that one; all other names are mentioned. Each
/// once, with `texts of FILE` as source.
std::vector<Link> links_in_texts(const Game& game, const NameFinder& names);

/// The name of the source of what was found in a file's texts.
std::string texts_of(std::string_view file);

}  // namespace asterism::librarian::cards

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/cards/statements_impl.hpp"
#endif
