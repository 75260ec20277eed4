// Files of card games are read as they are found: all shapes of MTGJSON, rules, glossaries and the rest, and what is
// wrong is named with its place.
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/librarian/cards/dates.hpp"
#include "asterism/librarian/cards/read_cards.hpp"
#include "asterism/librarian/cards/read_game.hpp"
#include "asterism/librarian/cards/read_rules.hpp"
#include "asterism/librarian/cards/rows.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::librarian::cards;

namespace {

/// The message of the FormatError that f throws; empty if it throws none.
template <class F>
std::string refusal(F&& f) {
  try {
    f();
  } catch (const FormatError& error) {
    return error.what();
  }
  return {};
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a card of a set, with all fields and with none") {
  const auto cards = parse_cards(R"({"meta": {"version": "5"}, "data": {"SLT": {"code": "SLT", "cards": [
      {"uuid": "u1", "name": "Salt Dancer", "manaValue": 9, "power": "7", "toughness": "1+*", "types": ["crew", "beast"],
       "keywords": ["gusty"], "text": "Gusty.", "ability": {"verb": "hauls", "amount": 1}, "rarity": "common"},
      {"name": "Stone"}]}}})",
                                 "file");
  REQUIRE(cards.size() == 2);
  CHECK(cards[0].where == "file, data.SLT.cards, row 0");
  CHECK(cards[0].id == "u1");
  CHECK(cards[0].name == "Salt Dancer");
  CHECK(cards[0].whole.empty());
  CHECK(cards[0].cost == "9");
  CHECK(cards[0].strength == "7");
  CHECK(cards[0].guard == "1+*");
  CHECK(cards[0].kinds == std::vector<std::string>{"crew", "beast"});
  CHECK(cards[0].keywords == std::vector<std::string>{"gusty"});
  CHECK(cards[0].text == "Gusty.");
  CHECK(cards[0].ability->verb == "hauls");
  CHECK(cards[0].ability->amount == 1);
  CHECK(cards[1].id == "card:stone");
  CHECK_FALSE(cards[1].cost);
  CHECK_FALSE(cards[1].strength);
  CHECK_FALSE(cards[1].ability);
  CHECK(cards[1].keywords.empty());
}

TEST_CASE("one set alone, and atomic cards with faces") {
  const auto set =
      parse_cards(R"({"data": {"code": "X", "cards": [{"uuid": "u", "name": "A", "manaValue": 0.5}]}})", "file");
  REQUIRE(set.size() == 1);
  CHECK(set[0].cost == "0.5");
  CHECK(set[0].where == "file, data.cards, row 0");

  const auto atomic = parse_cards(R"({"data": {
      "Fire // Ice": [{"name": "Fire // Ice", "faceName": "Fire", "side": "a", "manaValue": 4.0, "types": ["Instant"]},
                      {"name": "Fire // Ice", "faceName": "Ice", "side": "b", "manaValue": 4.0, "power": null}],
      "Cards": [{"name": "Cards", "power": "*"}]}})",
                                  "file");
  REQUIRE(atomic.size() == 3);
  CHECK(atomic[0].name == "Cards");
  CHECK(atomic[0].strength == "*");
  CHECK(atomic[1].name == "Fire");
  CHECK(atomic[1].whole == "Fire // Ice");
  CHECK(atomic[1].id == "card:fire // ice/a");
  CHECK(atomic[1].cost == "4");
  CHECK(atomic[2].id == "card:fire // ice/b");
  CHECK_FALSE(atomic[2].strength);
}

TEST_CASE("what is no file of cards is refused, with the card's place") {
  const auto message = [](std::string_view text) { return refusal([&] { parse_cards(text, "file"); }); };
  CHECK(holds(message("{}"), "file: field 'data' is missing"));
  CHECK(holds(message(R"({"data": []})"), "expected an object"));
  CHECK(holds(message(R"({"data": {"A": {"code": "A"}}})"), "file, data.A: field 'cards' is missing"));
  CHECK(holds(message(R"({"data": {"A": {"cards": [{"name": "B"}, 7]}}})"), "file, data.A.cards, row 1"));
  CHECK(holds(message(R"({"data": {"A": [{"name": 7}]}})"),
              "file, data.A, row 0: field 'name' is 7, expected a string"));
  CHECK(holds(message(R"({"data": {"A": [{"name": "B", "power": 7}]}})"), "'power'"));
  CHECK(holds(message(R"({"data": {"A": [{"name": "B", "manaValue": "7"}]}})"), "'manaValue'"));
  CHECK(holds(message(R"({"data": {"A": [{"name": "B", "types": "crew"}]}})"), "'types'"));
  CHECK(holds(message(R"({"data": {"A": [{"name": "B", "keywords": [1]}]}})"), "'keywords'"));
  CHECK(holds(message(R"({"data": {"A": [{"name": "B", "ability": {"amount": 1}}]}})"), "'verb'"));
  CHECK(holds(message(R"({"data": {"A": [{"name": "B", "ability": {"verb": "x", "amount": -1}}]}})"), "'amount'"));
  CHECK(holds(message(R"({"data": {"A": [{"name": "B\u0000C"}]}})"), "NUL"));
  CHECK(holds(message(R"({"data": {"A": [{"name": "B"}]})"), "not valid JSON"));
  CHECK(parse_cards(R"({"data": {}})", "file").empty());
}

TEST_CASE("numbers of rules, and what they are part of") {
  for (const std::string_view good : {"100.", "1.", "100.1", "100.12", "100.1a", "702.10bb"})
    CHECK(is_rule_number(good));
  for (const std::string_view bad :
       {"", "100", ".1", "100.a", "100.1A", "100.1abc", "100.1a1", "1234567.", "100..", " 1."}) {
    CHECK_FALSE(is_rule_number(bad));
  }
  CHECK(parent_number("100.1a") == "100.1");
  CHECK(parent_number("100.12") == "100.");
  CHECK(parent_number("100.").empty());
}

TEST_CASE("rules, with what is left to their numbers") {
  const auto rules =
      parse_rules(R"([{"number": "100.", "title": "The game", "text": "Two captains sail.", "parent": null},
      {"number": "100.1", "text": "Players."},
      {"id": "r", "number": "100.1a", "text": "A game.", "parent": "rule:other", "refers_to": ["rule:100."],
       "governs": ["keyword:gusty", "kind:crew"]}])",
                  "file");
  REQUIRE(rules.size() == 3);
  CHECK(rules[0].id == "rule:100.");
  CHECK(rules[0].parent.empty());
  CHECK(rules[1].parent == "rule:100.");
  CHECK(rules[1].where == "file, row 1");
  CHECK(rules[2].id == "r");
  CHECK(rules[2].parent == "rule:other");
  CHECK(rules[2].refers_to == std::vector<std::string>{"rule:100."});
  CHECK(rules[2].governs == std::vector<std::string>{"keyword:gusty", "kind:crew"});
  CHECK(holds(refusal([] { parse_rules(R"([{"number": "100.1"}, {"number": "a"}])", "file"); }),
              "file, row 1: the number is 'a', expected one such as 100., 100.1 or 100.1a"));
  CHECK(holds(refusal([] { parse_rules(R"([{"text": "x"}])", "file"); }), "row 0: the number is ''"));
  CHECK(holds(refusal([] { parse_rules(R"({"number": "100."})", "file"); }), "expected an array"));
  CHECK(holds(refusal([] { parse_rules(R"([7])", "file"); }), "row 0"));
}

TEST_CASE("terms, entities, relations and errata") {
  const auto terms =
      parse_terms(R"([{"term": "long bell", "definition": "hidden crew"}, {"id": "t", "term": "x"}])", "file");
  CHECK(terms[0].id == "term:long-bell");
  CHECK(terms[0].definition == "hidden crew");
  CHECK(terms[1].id == "t");
  const auto entities = parse_entities(R"([{"id": "kind:crew", "type": "kind", "name": "crew"}])", "file");
  CHECK(entities[0].type == "kind");
  const auto relations = parse_relations(R"([["a", "is_a", "b"]])", "file");
  CHECK(relations[0].from == "a");
  CHECK(relations[0].kind == "is_a");
  CHECK(relations[0].to == "b");
  CHECK(holds(refusal([] { parse_relations(R"([["a", "is_a"]])", "file"); }),
              "row 0: found an array of another length"));
  CHECK(holds(refusal([] { parse_relations(R"([["a", "is_a", 3]])", "file"); }), "'to'"));
  const auto errata = parse_errata(R"([{"card": "c", "field": "cost", "value": 7, "from": "2026-03-01"},
                                       {"card": "c", "field": "cost", "value": "*", "from": "2026-03-01T00:00:01Z"}])",
                                   "file");
  CHECK(errata[0].value == "7");
  CHECK(errata[1].value == "*");
  CHECK(errata[1].from.microseconds - errata[0].from.microseconds == 1'000'000);
  CHECK(holds(
      refusal([] { parse_errata(R"([{"card": "c", "field": "cost", "value": 7, "from": "soon"}])", "file"); }),
      "file, row 0: 'soon' is no instant"));
  CHECK(holds(refusal([] { parse_errata(R"([{"card": "c", "field": "cost", "from": "2026-03-01"}])", "file"); }),
              "'value'"));
}

TEST_CASE("instants are days and seconds that there are") {
  CHECK(parse_instant("1970-01-01", "").microseconds == 0);
  CHECK(parse_instant("1970-01-02T00:00:01Z", "").microseconds == 86'401'000'000);
  CHECK(parse_instant("2026-03-01", "").microseconds == 1'772'323'200'000'000);
  CHECK(parse_instant("1969-12-31", "").microseconds == -86'400'000'000);
  for (const char* text :
       {"1970-01-01", "2024-02-29", "0001-01-01", "9999-12-31T23:59:59Z", "1969-12-31T23:00:07Z"}) {
    CHECK(instant_text(parse_instant(text, "")) == text);
  }
  for (const char* text : {"", "2026-02-29", "2026-13-01", "2026-00-01", "2026-1-01", "26-01-01", "2026-01-01 ",
                           "2026/01/01", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:00",
                           "2026-01-01T00:00:00z", "0000-01-01", "2026-01-01X00:00:00Z"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_instant(text, "here"), FormatError);
  }
  CHECK(instant_text(knowledge::beginning) == "always");
  CHECK(instant_text(knowledge::forever) == "forever");
  CHECK(instant_text({knowledge::forever.microseconds - 1}).find("us") != std::string::npos);
}

TEST_CASE("a folder's files are read as far as they are there") {
  const Game game = read_game("examples/data");
  CHECK(game.cards->rows.size() == 600);
  CHECK(game.cards->source == "cards.json");
  CHECK(game.rules->rows.size() == 128);
  CHECK(game.terms->rows.size() == 104);
  CHECK(game.entities->rows.size() == 39);
  CHECK(game.relations->rows.size() == 2259);
  CHECK(game.errata->rows.size() == 48);
  CHECK_THROWS_AS(read_game("examples/data/questions"), FileError);
  CHECK_THROWS_AS(read_cards("examples/data/none.json"), FileError);
}
