// Rule books: whatever the bytes, they are numbered entries, or a FormatError; and checking them leaves a tree.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/librarian/cards/check.hpp"
#include "asterism/librarian/cards/read_rules.hpp"
#include "asterism/librarian/cards/statements.hpp"

namespace cards = asterism::librarian::cards;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    cards::Game game;
    game.rules = {"rules.json", cards::parse_rules(text, "fuzz")};
    for (const cards::Rule& rule : game.rules->rows) {
      if (rule.id.empty() || !cards::is_rule_number(rule.number)) std::abort();
      const std::string parent = cards::parent_number(rule.number);
      if (!parent.empty() && (!cards::is_rule_number(parent) || parent.size() >= rule.number.size())) std::abort();
    }
    const cards::Checked checked = cards::check(std::move(game));
    std::map<std::string, std::string> parents;
    for (const cards::Rule& rule : checked.game.rules->rows) parents[rule.id] = rule.parent;
    if (parents.size() != checked.game.rules->rows.size()) std::abort();
    for (const auto& [id, parent] : parents) {
      std::size_t steps = 0;
      for (std::string at = parent; !at.empty(); at = parents.at(at)) {
        if (++steps > parents.size()) std::abort();
      }
    }
    cards::statements(checked.game);
  } catch (const asterism::FormatError&) {
  }
  return 0;
}
