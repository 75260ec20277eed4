// Bodies of read_game.hpp.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/librarian/cards/dates.hpp"
#include "asterism/librarian/cards/read_cards.hpp"
#include "asterism/librarian/cards/read_game.hpp"
#include "asterism/librarian/cards/read_rules.hpp"
#include "asterism/librarian/cards/rows.hpp"

namespace asterism::librarian::cards {

ASTERISM_INLINE std::vector<Term> parse_terms(std::string_view text, std::string_view where) {
  const json::Document document = parse_rows(text, where);
  std::vector<Term> terms;
  for (const json::Value& row : rows_of(*document, where)) {
    Term term{.where = row_place(where, terms.size())};
    json::check_object(row, "the term", term.where);
    term.name = text_field(row, "term", term.where);
    term.definition = text_field(row, "definition", term.where);
    term.id = text_field(row, "id", term.where);
    if (term.id.empty()) {
      term.id = concat("term:", term.name);
      std::replace(term.id.begin(), term.id.end(), ' ', '-');
    }
    terms.push_back(std::move(term));
  }
  return terms;
}

ASTERISM_INLINE std::vector<Entity> parse_entities(std::string_view text, std::string_view where) {
  const json::Document document = parse_rows(text, where);
  std::vector<Entity> entities;
  for (const json::Value& row : rows_of(*document, where)) {
    const std::string place = row_place(where, entities.size());
    json::check_object(row, "the entity", place);
    entities.push_back({.where = place,
                        .id = text_field(row, "id", place),
                        .type = text_field(row, "type", place),
                        .name = text_field(row, "name", place)});
  }
  return entities;
}

ASTERISM_INLINE std::vector<Relation> parse_relations(std::string_view text, std::string_view where) {
  const json::Document document = parse_rows(text, where);
  std::vector<Relation> relations;
  for (const json::Value& row : rows_of(*document, where)) {
    const std::string place = row_place(where, relations.size());
    if (!row.is_array() || row.size() != 3) {
      throw FormatError(concat(place, ": found ", row.is_array() ? "an array of another length" : row.type_name(),
                               ", expected [FROM, KIND, TO]"));
    }
    relations.push_back({.where = place,
                         .from = text_of(row[0], "from", place),
                         .kind = text_of(row[1], "kind", place),
                         .to = text_of(row[2], "to", place)});
  }
  return relations;
}

ASTERISM_INLINE std::vector<Erratum> parse_errata(std::string_view text, std::string_view where) {
  const json::Document document = parse_rows(text, where);
  std::vector<Erratum> errata;
  for (const json::Value& row : rows_of(*document, where)) {
    Erratum erratum{.where = row_place(where, errata.size())};
    json::check_object(row, "the erratum", erratum.where);
    erratum.card = text_field(row, "card", erratum.where);
    erratum.field = text_field(row, "field", erratum.where);
    const json::Value& value = json::require_field(row, "value", erratum.where);
    erratum.value = value.is_number() ? concat(json::to_integer(value, "value", erratum.where))
                                      : text_of(value, "value", erratum.where);
    erratum.from = parse_instant(json::require_string(row, "from", erratum.where), erratum.where);
    errata.push_back(std::move(erratum));
  }
  return errata;
}

ASTERISM_INLINE Game read_game(const std::string& folder) {
  const auto there = [&](const char* name) {
    return file::path_kind(folder + "/" + name) != file::PathKind::missing;
  };
  const auto list = [&](const char* name, auto parse, auto& listed) {
    if (!there(name)) return;
    const std::string path = folder + "/" + name;
    listed.emplace();
    listed->source = name;
    listed->rows = parse(file::read_file(path, max_row_file), path);
  };
  Game game;
  if (there("cards.json")) game.cards = read_cards(folder + "/cards.json");
  list("rules.json", parse_rules, game.rules);
  list("glossary.json", parse_terms, game.terms);
  list("entities.json", parse_entities, game.entities);
  list("relations.json", parse_relations, game.relations);
  list("errata.json", parse_errata, game.errata);
  if (!game.cards && !game.rules) {
    throw FileError(
        concat("'", folder, "' has neither cards.json nor rules.json: give a folder with a game's files"));
  }
  return game;
}

}  // namespace asterism::librarian::cards
