// What a game's files say, as sentences and links; what is wrong with them; what their texts tell besides.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/librarian/cards/check.hpp"
#include "asterism/librarian/cards/read_game.hpp"
#include "asterism/librarian/cards/sentences.hpp"
#include "asterism/librarian/cards/statements.hpp"

using namespace asterism;
using namespace asterism::librarian;
using namespace asterism::librarian::cards;
using Edge = CardGame::EdgeKind;
using Node = CardGame::NodeKind;

namespace {

Game small_game() {
  Game game;
  game.cards = {"cards.json",
                {{.where = "card 0", .id = "c0", .name = "Salt Dancer", .strength = "4", .kinds = {"crew"}},
                 {.where = "card 1", .id = "c1", .name = "Moss Heron", .keywords = {"gusty"}, .text = "Gusty."}}};
  game.rules = {"rules.json",
                {{.where = "rule 0", .id = "rule:100.", .number = "100.", .title = "The game", .text = "Sail."},
                 {.where = "rule 1",
                  .id = "rule:100.1",
                  .number = "100.1",
                  .title = "Turns",
                  .text = "Turns.",
                  .parent = "rule:100."},
                 {.where = "rule 2",
                  .id = "rule:100.1a",
                  .number = "100.1a",
                  .title = "Turns",
                  .text = "A turn ends.",
                  .parent = "rule:100.1",
                  .refers_to = {"rule:100."},
                  .governs = {"keyword:gusty"}}}};
  game.terms = {"glossary.json",
                {{.where = "term 0", .id = "t0", .name = "long bell", .definition = "crew in hand"}}};
  game.entities = {"entities.json", {{.where = "entity 0", .id = "place:hand", .type = "place", .name = "hand"}}};
  game.relations = {"relations.json",
                    {{.where = "row 0", .from = "t0", .kind = "located_in", .to = "place:hand"}}};
  game.errata = {"errata.json",
                 {{.where = "erratum 0", .card = "c0", .field = "strength", .value = "5", .from = {10}}}};
  return game;
}

/// `FLAW WHERE` of each problem.
std::vector<std::string> flaws_of(const Checked& checked) {
  std::vector<std::string> all;
  for (const Problem& one : checked.problems) all.push_back(concat(name_of(one.flaw), " ", one.where));
  return all;
}

using Flaws = std::vector<std::string>;

}  // namespace

TEST_CASE("sentences are those of blocks, without the final point") {
  Card card{.name = "Coral Hermit",
            .cost = "3",
            .strength = "2",
            .guard = "1+*",
            .kinds = {"crew", "beast"},
            .keywords = {"gusty", "stowed"},
            .text = "Gusty.\nWhen lit,  it scouts 4.",
            .ability = Ability{"scouts", 4}};
  CHECK(sentences(card) == std::vector<Sentence>{{Edge::cost, "Coral Hermit cost 3"},
                                                 {Edge::strength, "Coral Hermit strength 2"},
                                                 {Edge::guard, "Coral Hermit guard 1+*"},
                                                 {Edge::card_kind, "Coral Hermit kind crew beast"},
                                                 {Edge::ability, "Coral Hermit ability scouts 4"},
                                                 {Edge::keyword, "Coral Hermit keyword gusty"},
                                                 {Edge::keyword, "Coral Hermit keyword stowed"}});
  card.ability.reset();
  CHECK(sentences(card)[4].text == "Coral Hermit ability Gusty. When lit, it scouts 4");
  CHECK(sentences(Card{.name = "Stone"}).empty());
  CHECK(sentence(Rule{.number = "140.1a", .text = "Allies add strength."}).text ==
        "Rule 140.1a allies add strength");
  CHECK(sentence(Rule{.number = "100.", .text = ""}).text == "Rule 100. ");
  CHECK(sentence(Term{.name = "second flag", .definition = "lit beast in hand"}) ==
        Sentence{Edge::means, "second flag means lit beast in hand"});
  CHECK(sentence(Erratum{.field = "guard", .value = "3"}, "Coral Hermit") ==
        Sentence{Edge::guard, "Coral Hermit guard 3"});
  CHECK(sentence(Erratum{.field = "cost", .value = "3"}, "A").kind == Edge::cost);
  CHECK(sentence(Erratum{.field = "strength", .value = "3"}, "A").kind == Edge::strength);
  CHECK_THROWS_AS(sentence(Erratum{.field = "kind", .value = "3"}, "A"), InvalidArgument);
}

TEST_CASE("all sentences of the blocks about cards, rules and terms are facts, word for word") {
  const Statements all = statements(check(read_game("examples/data")).game);
  std::set<std::string> printed;
  std::set<std::string> ever;
  std::map<std::string, std::size_t> times;
  for (const Fact& fact : all.facts) {
    ever.insert(fact.text);
    if (!fact.from) {
      printed.insert(fact.text);
      ++times[fact.text];
    }
  }
  CHECK(printed.size() == 3840);
  CHECK(std::all_of(times.begin(), times.end(), [](const auto& one) { return one.second == 1; }));
  const auto missing = [&](const char* set, const std::set<std::string>& facts, std::size_t& sentences) {
    std::vector<std::string> none;
    const std::string text = file::read_file(concat("examples/data/questions/", set, ".jsonl"), 8U << 20U);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const json::Value question = json::parse(std::string_view(text).substr(at, end - at), set);
      at = end + 1;
      if (question["kind"] == "RETROSPECT") continue;
      std::string block = question["prompt"].get<std::string>();
      block = block.substr(0, block.find(" [/KNOWLEDGE]")).substr(std::string_view("[KNOWLEDGE] ").size()) + " ";
      for (std::size_t begin = 0; begin < block.size(); ++sentences) {
        const std::size_t point = block.find(". ", begin);
        const std::string sentence = block.substr(begin, point - begin);
        if (facts.count(sentence) == 0) none.push_back(sentence);
        begin = point + 2;
      }
    }
    return none;
  };
  std::size_t sentences = 0;
  for (const char* set : {"training", "held_out_phrasings", "held_out_cards", "new_words"}) {
    CHECK(missing(set, printed, sentences) == std::vector<std::string>{});
  }
  CHECK(sentences == 11'745);
  for (const char* set : {"as_of", "updated", "absent"})
    CHECK(missing(set, ever, sentences) == std::vector<std::string>{});
}

TEST_CASE("a sound game has no problems, and says all that it says") {
  const Checked checked = check(small_game());
  CHECK(flaws_of(checked) == Flaws{});
  CHECK(checked.absent == std::map<std::string, std::size_t>{
                              {"manaValue", 2}, {"power", 1}, {"toughness", 2}, {"types", 1}, {"text", 1}});
  const Statements all = statements(checked.game);
  std::set<std::string> things;
  for (const Thing& thing : all.things) {
    std::string line = concat(CardGame::name_of(thing.kind), " ", thing.name, " <", thing.sources, ">");
    for (const std::string& alias : thing.aliases) line += " " + alias;
    things.insert(line);
  }
  CHECK(things == std::set<std::string>{
                      "card Salt Dancer <cards.json> c0", "card Moss Heron <cards.json> c1",
                      "kind crew <cards.json> kind:crew", "keyword gusty <cards.json> keyword:gusty",
                      "rule Rule 100 <rules.json> rule:100. The game",
                      "rule Rule 100.1 <rules.json> rule:100.1 100.1 Turns",
                      "rule Rule 100.1a <rules.json> rule:100.1a 100.1a",
                      "term long bell <glossary.json> t0 crew in hand", "place hand <entities.json> place:hand"});
  std::set<std::string> links;
  for (const Link& link : all.links)
    links.insert(concat(link.from, " ", CardGame::name_of(link.kind), " ", link.to));
  CHECK(links == std::set<std::string>{"c0 is_a kind:crew", "c1 has_keyword keyword:gusty",
                                       "rule:100.1 part_of rule:100.", "rule:100.1a part_of rule:100.1",
                                       "rule:100.1a refers_to rule:100.", "rule:100.1a governs keyword:gusty",
                                       "t0 located_in place:hand"});
  REQUIRE(all.facts.size() == 9);
  CHECK(all.facts.back().text == "Salt Dancer strength 5");
  CHECK(all.facts.back().from == knowledge::Time{10});
  CHECK(all.sources.size() == 6);
}

TEST_CASE("each flaw is found, named with its place, and left out") {
  Game game = small_game();
  SUBCASE("cards") {
    auto& rows = game.cards->rows;
    rows.push_back(rows[0]);
    rows.push_back(rows[0]);
    rows.push_back(rows[0]);
    rows.push_back({.where = "no name"});
    rows[2].where = "same";
    rows[3].where = "reprint";
    rows[3].id = "c9";
    rows[4].where = "otherwise";
    rows[4].id = "c8";
    rows[4].strength = "9";
    rows.push_back({.where = "id otherwise", .id = "c0", .name = "Other"});
    const Checked checked = check(game);
    CHECK(flaws_of(checked) == Flaws{"duplicate same", "contradiction otherwise", "missing field no name",
                                     "contradiction id otherwise"});
    CHECK(checked.reprints == 1);
    REQUIRE(checked.game.cards->rows.size() == 2);
    CHECK(checked.game.cards->rows[0].other_ids == std::vector<std::string>{"c9"});
    CHECK(checked.game.cards->rows[0].strength == "4");
  }
  SUBCASE("an erratum of a reprint is one of the card") {
    game.cards->rows.push_back(game.cards->rows[0]);
    game.cards->rows[2].id = "c9";
    game.errata->rows[0].card = "c9";
    const Checked checked = check(game);
    CHECK(flaws_of(checked) == Flaws{});
    CHECK(checked.game.errata->rows[0].card == "c0");
  }
  SUBCASE("rules and terms") {
    auto& rules = game.rules->rows;
    rules.push_back({.where = "no text", .id = "x", .number = "100.2", .text = "."});
    rules.push_back({.where = "two texts", .id = "y", .number = "100.1a", .text = "Other."});
    rules.push_back({.where = "again", .id = "rule:100.1", .number = "100.1", .text = "Turns"});
    game.terms->rows.push_back({.where = "two meanings", .id = "t1", .name = "Long Bell", .definition = "x"});
    game.terms->rows.push_back({.where = "no meaning", .id = "t2", .name = "x"});
    game.terms->rows.push_back({.where = "no term", .id = "t3", .definition = "x"});
    const Checked checked = check(game);
    CHECK(flaws_of(checked) == Flaws{"missing field no text", "contradiction two texts", "duplicate again",
                                     "contradiction two meanings", "missing field no meaning",
                                     "missing field no term"});
    CHECK(checked.game.rules->rows.size() == 3);
    CHECK(checked.game.terms->rows.size() == 1);
  }
  SUBCASE("references that lead nowhere") {
    game.rules->rows[1].parent = "rule:7.";
    game.rules->rows[1].refers_to = {"rule:100.", "rule:8."};
    game.rules->rows[1].governs = {"keyword:none", "keyword:gusty"};
    game.relations->rows.push_back({.where = "from", .from = "none", .kind = "is_a", .to = "kind:crew"});
    game.relations->rows.push_back({.where = "to", .from = "c0", .kind = "is_a", .to = "none"});
    game.errata->rows.push_back({.where = "card", .card = "none", .field = "cost", .value = "1"});
    game.errata->rows.push_back({.where = "no card", .card = "t0", .field = "cost", .value = "1"});
    const Checked checked = check(game);
    CHECK(flaws_of(checked) == Flaws{"dangling rule 1", "dangling rule 1", "dangling rule 1", "dangling from",
                                     "dangling to", "dangling card", "dangling no card"});
    CHECK(checked.game.rules->rows[1].parent.empty());
    CHECK(checked.game.rules->rows[1].refers_to == std::vector<std::string>{"rule:100."});
    CHECK(checked.game.rules->rows[1].governs == std::vector<std::string>{"keyword:gusty"});
    CHECK(checked.game.relations->rows.size() == 1);
    CHECK(checked.game.errata->rows.size() == 1);
  }
  SUBCASE("kinds that the schema lacks") {
    game.entities->rows.push_back({.where = "type", .id = "x", .type = "fact", .name = "x"});
    game.entities->rows.push_back({.where = "no name", .id = "y", .type = "place"});
    game.entities->rows.push_back({.where = "other", .id = "place:hand", .type = "place", .name = "foot"});
    game.relations->rows.push_back({.where = "relation", .from = "c0", .kind = "strength", .to = "c1"});
    game.relations->rows.push_back(game.relations->rows[0]);
    game.errata->rows.push_back({.where = "field", .card = "c0", .field = "kind", .value = "1"});
    game.errata->rows.push_back({.where = "value", .card = "c0", .field = "cost"});
    game.errata->rows.push_back(game.errata->rows[0]);
    game.errata->rows.push_back(game.errata->rows[0]);
    game.errata->rows.back().value = "6";
    CHECK(flaws_of(check(game)) == Flaws{"unknown kind type", "missing field no name", "contradiction other",
                                         "unknown kind relation", "duplicate row 0", "unknown kind field",
                                         "missing field value", "duplicate erratum 0", "contradiction erratum 0"});
  }
  SUBCASE("parts of themselves") {
    game.rules->rows[0].parent = "rule:100.1a";
    game.relations->rows.push_back({.where = "itself", .from = "t0", .kind = "part_of", .to = "t0"});
    game.relations->rows.push_back({.where = "way", .from = "c0", .kind = "part_of", .to = "c1"});
    game.relations->rows.push_back({.where = "back", .from = "c1", .kind = "part_of", .to = "c0"});
    game.relations->rows.push_back(
        {.where = "stated by the rule", .from = "rule:100.1", .kind = "part_of", .to = "rule:100."});
    const Checked checked = check(game);
    CHECK(flaws_of(checked) == Flaws{"cycle rule 2", "cycle itself", "cycle back"});
    CHECK(checked.game.rules->rows[0].parent == "rule:100.1a");
    CHECK(checked.game.rules->rows[2].parent.empty());
  }
}

TEST_CASE("what other files named before counts as known") {
  Game game;
  game.errata = {"errata.json", {{.where = "e", .card = "c7", .field = "cost", .value = "2", .from = {5}}}};
  const KnownElsewhere known = [](std::string_view id) {
    return id == "c7" ? std::optional(Known{Node::card, "Opal Fox"}) : std::nullopt;
  };
  CHECK(flaws_of(check(game)) == Flaws{"dangling e"});
  const Checked checked = check(game, known);
  CHECK(flaws_of(checked) == Flaws{});
  CHECK(statements(checked.game, known).facts[0].text == "Opal Fox cost 2");
}

TEST_CASE("names in texts: the longest, cards as they are written, and which stand alone") {
  NameFinder names;
  names.add(Node::keyword, "strike", "strike");
  names.add(Node::keyword, "First strike", "first");
  names.add(Node::card, "Shock", "shock");
  names.add(Node::rule, "104.3a", "rule");
  const auto found = [&](std::string_view text) {
    std::string all;
    for (const NameFinder::Named& one : names.find(text)) all += concat(one.id, one.alone ? "! " : " ");
    return all;
  };
  CHECK(found("First strike, flying") == "first! ");
  CHECK(found("It strikes; a strike.") == "strike ");
  CHECK(found("Gains strike.\nStrike") == "strike! ");
  CHECK(found("A shock by Shock (see rule 104.3a).") == "shock rule ");
  CHECK(found("A shock, no card.") == "");
  CHECK(found("") == "");
}

TEST_CASE("links in texts against the relations that the generator states") {
  const Game game = check(read_game("examples/data")).game;
  NameFinder names;
  for (const Thing& thing : statements(game).things) {
    names.add(thing.kind, thing.name, thing.id);
    if (thing.kind == Node::rule) names.add(thing.kind, thing.name.substr(5), thing.id);
  }
  std::map<std::string, std::set<std::pair<std::string, std::string>>> found;
  for (const Link& link : links_in_texts(game, names)) {
    found[link.kind == Edge::mentions ? concat(link.from.substr(0, 4), " mentions")
                                      : std::string(CardGame::name_of(link.kind))]
        .emplace(link.from, link.to);
  }
  std::map<std::string, std::set<std::pair<std::string, std::string>>> stated;
  for (const Relation& row : game.relations->rows) stated[row.kind].emplace(row.from, row.to);
  const auto shared = [](const auto& a, const auto& b) {
    return static_cast<std::size_t>(
        std::count_if(a.begin(), a.end(), [&](const auto& one) { return b.count(one) != 0; }));
  };
  // Precision and recall: what cards do and have, their texts tell completely.
  for (const char* kind : {"has_keyword", "does"}) {
    CHECK(found[kind] == stated[kind]);
  }
  auto concerns = stated["concerns"];
  concerns.insert(stated["located_in"].begin(), stated["located_in"].end());
  CHECK(found["term mentions"] == concerns);
  // Of 71 pairs that govern, texts name 54, and 26 others beside; the book's references are by title: no text has a
  // number.
  CHECK(found["rule mentions"].size() == 80);
  CHECK(stated["governs"].size() == 71);
  CHECK(shared(found["rule mentions"], stated["governs"]) == 54);
  CHECK(stated["refers_to"].size() == 53);
  CHECK(found["refers_to"].empty());
  CHECK(found["card mentions"].empty());
}
