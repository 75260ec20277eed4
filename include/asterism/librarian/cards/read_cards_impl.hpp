// Bodies of read_cards.hpp.
#pragma once

#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/librarian/cards/read_cards.hpp"
#include "asterism/librarian/cards/rows.hpp"

namespace asterism::librarian::cards {

namespace detail {

inline std::optional<std::string> figure_field(const json::Value& object, std::string_view key,
                                               std::string_view where) {
  std::string text = text_field(object, key, where);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

inline Card read_card(const json::Value& object, std::string_view where) {
  json::check_object(object, "the card", where);
  Card card{.where = std::string(where), .id = text_field(object, "uuid", where)};
  card.whole = text_field(object, "name", where);
  card.name = text_field(object, "faceName", where);
  if (card.name.empty()) card.name = card.whole;
  if (card.name == card.whole) card.whole.clear();
  if (card.id.empty()) {
    const std::string side = text_field(object, "side", where);
    card.id = concat("card:", knowledge::folded(card.whole.empty() ? card.name : card.whole),
                     side.empty() ? "" : "/", side);
  }
  if (const auto cost = json::optional_number(object, "manaValue", where)) card.cost = concat(*cost);
  card.strength = figure_field(object, "power", where);
  card.guard = figure_field(object, "toughness", where);
  card.kinds = text_list(object, "types", where);
  card.keywords = text_list(object, "keywords", where);
  card.text = text_field(object, "text", where);
  if (const json::Value* ability = json::optional_object(object, "ability", where)) {
    card.ability = {.verb = text_field(*ability, "verb", where),
                    .amount = json::require_integer(*ability, "amount", where, 0, 1'000'000)};
    if (card.ability->verb.empty()) throw FormatError(concat(where, ": the ability has no 'verb'"));
  }
  return card;
}

inline void read_list(const json::Value& list, std::string_view where, std::vector<Card>& cards) {
  const json::Value::array_t& rows = rows_of(list, where);
  for (std::size_t i = 0; i < rows.size(); ++i) cards.push_back(read_card(rows[i], row_place(where, i)));
}

}  // namespace detail

ASTERISM_INLINE std::vector<Card> parse_cards(std::string_view text, std::string_view where) {
  const json::Document document = parse_rows(text, where, "data");
  const json::Value& data = json::require_object(*document, "data", where);
  std::vector<Card> cards;
  if (const auto list = data.find("cards"); list != data.end() && list->is_array()) {
    detail::read_list(*list, concat(where, ", data.cards"), cards);
    return cards;
  }
  for (const auto& [name, group] : data.get_ref<const json::Value::object_t&>()) {
    const std::string place = concat(where, ", data.", printable(name, 60));
    if (group.is_array()) {
      detail::read_list(group, place, cards);
    } else {
      detail::read_list(json::require_array(group, "cards", place), concat(place, ".cards"), cards);
    }
  }
  return cards;
}

ASTERISM_INLINE Listed<Card> read_cards(const std::string& path) {
  return {.source = file_name(path), .rows = parse_cards(file::read_file(path, max_card_file), path)};
}

}  // namespace asterism::librarian::cards
