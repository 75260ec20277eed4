// A game's other files, glossary, entities, relations and errata, and all files of a folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/librarian/cards/data.hpp"

namespace asterism::librarian::cards {

// Each reads a JSON array, and throws FormatError, which names `where` and the row, for rows of another shape.

/// Rows `{"id", "term", "definition"}`; `id` is by default `term:NAME`, with hyphens for blanks.
std::vector<Term> parse_terms(std::string_view text, std::string_view where);
/// Rows `{"id", "type", "name"}`.
std::vector<Entity> parse_entities(std::string_view text, std::string_view where);
/// Rows `[FROM, KIND, TO]`.
std::vector<Relation> parse_relations(std::string_view text, std::string_view where);
/// Rows `{"card", "field", "value", "from"}`; a value is a text or an integer, see parse_instant for `from`.
std::vector<Erratum> parse_errata(std::string_view text, std::string_view where);

/// Reads what is there of cards.json, rules.json, glossary.json, entities.json, relations.json and errata.json.
/// FileError if the folder has neither cards nor rules, or a file is too large or can't be read; FormatError as the
/// readers.
Game read_game(const std::string& folder);

}  // namespace asterism::librarian::cards

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/cards/read_game_impl.hpp"
#endif
