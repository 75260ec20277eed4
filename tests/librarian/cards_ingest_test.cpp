// A game in a graph: what its files say at every instant, as they change, as they are mended, and as they are given
// again.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/librarian/cards/dates.hpp"
#include "asterism/librarian/cards/ingest.hpp"
#include "asterism/librarian/cards/ingest_log.hpp"
#include "asterism/librarian/cards/read_cards.hpp"
#include "asterism/librarian/cards/read_game.hpp"

#include "support/cards_graph.hpp"

using namespace asterism;
using namespace asterism::librarian;
using namespace asterism::librarian::cards;
using knowledge::Time;
using test::CardsGraph;
using Node = CardGame::NodeKind;
using Edge = CardGame::EdgeKind;
using Held = std::set<std::pair<std::string, std::string>>;

namespace {

Card card(std::string id, std::string name, std::optional<std::string> strength,
          std::vector<std::string> keywords = {}) {
  return {.where = id,
          .id = id,
          .name = std::move(name),
          .strength = std::move(strength),
          .keywords = std::move(keywords)};
}

Game with_cards(std::vector<Card> cards) {
  Game game;
  game.cards = {"cards.json", std::move(cards)};
  return game;
}

Erratum erratum(std::string id, std::string value, Time from) {
  return {.where = "erratum", .card = std::move(id), .field = "strength", .value = std::move(value), .from = from};
}

/// Strength of cards at an instant, as `Salt Dancer strength 4` and others.
std::string strengths(const CardsGraph& in, Time at) {
  std::string all;
  for (const auto& [kind, text] : in.facts(at)) {
    if (kind == "strength") all += (all.empty() ? "" : ", ") + text;
  }
  return all;
}

/// Facts that a search may find at an instant.
std::set<std::string> findable(const CardsGraph& in, Time at) {
  const auto snapshot = in.graph.snapshot(at);
  const auto selection = snapshot.select({.kinds = knowledge::kinds(Node::fact)});
  std::set<std::string> all;
  snapshot.for_each_node([&](const knowledge::Node& node) {
    if (selection.allows(node.id)) all.insert(node.text);
  });
  return all;
}

}  // namespace

TEST_CASE("the whole of Saltlantern, once and again") {
  CardsGraph in(512);
  const Game game = read_game("examples/data");
  const IngestOptions options{.at = parse_instant("2026-06-01", "")};
  const Ingested first = ingest(in.graph, in.encoder, game, options);
  CHECK(first.version.value == 1);
  CHECK(first.problems.empty());
  CHECK(first.new_things == 871);
  CHECK(first.new_facts == 3840);
  CHECK(first.superseding == 48);
  CHECK(first.ended == 0);
  CHECK(first.things[knowledge::number(Node::card)] == 600);
  CHECK(first.things[knowledge::number(Node::rule)] == 128);
  CHECK(first.things[knowledge::number(Node::term)] == 104);
  CHECK(first.stated[knowledge::number(Edge::governs)] == 71);
  CHECK(first.links_in_texts == 1496);
  CHECK(first.links_in_texts_new == 26);
  CHECK(first.new_links == 2259 + 26);

  const Ingested again = ingest(in.graph, in.encoder, game, {.at = parse_instant("2026-07-01", "")});
  CHECK(again.version == first.version);
  CHECK(again.new_facts + again.superseding + again.returned + again.new_links + again.ended + again.new_things +
            again.changed_things ==
        0);

  // What the errata say of each day, against a plain look at the rows.
  std::map<std::string, std::string> names;
  for (const Card& one : game.cards->rows) names[one.id] = one.name;
  for (const char* day : {"2025-12-31", "2026-03-01", "2026-05-31", "2026-12-31"}) {
    const Time at = parse_instant(day, "");
    std::map<std::pair<std::string, std::string>, std::string> figures;
    for (const Card& one : game.cards->rows) {
      figures[{one.name, "cost"}] = *one.cost;
      figures[{one.name, "strength"}] = *one.strength;
      figures[{one.name, "guard"}] = *one.guard;
    }
    for (const Erratum& one : game.errata->rows) {
      if (one.from <= at) figures[{names[one.card], one.field}] = one.value;
    }
    Held expected;
    for (const auto& [field, value] : figures)
      expected.emplace(field.second, concat(field.first, " ", field.second, " ", value));
    Held held;
    for (const auto& one : in.facts(at)) {
      if (one.first == "cost" || one.first == "strength" || one.first == "guard") held.insert(one);
    }
    CHECK(held == expected);
  }

  // Things are found by name and by id, facts by their vectors.
  const auto snapshot = in.graph.snapshot();
  CHECK(snapshot.find("card:SLT-001") == snapshot.find("northern seer"));
  CHECK(snapshot.find("140.1a") == snapshot.find("Rule 140.1a"));
  CHECK(snapshot.find("keyword:gusty").size() == 1);
  std::vector<float> vector(512);
  const std::string_view text = "Rule 140.1a allies add strength";
  in.encoder.encode(View<const std::string_view>(&text, 1), MatrixView<float>(vector.data(), 1, 512));
  const auto found = snapshot.search(View<const float>(vector), 1, snapshot.select({}));
  REQUIRE(found.hits.size() == 1);
  CHECK(snapshot.node(found.hits[0].id)->text == text);
  CHECK(snapshot.node(found.hits[0].id)->source == "rules.json");
}

TEST_CASE("at every instant a graph holds what the last files before it said") {
  Random random(20260301);
  const auto pick = [&](std::uint32_t count) { return static_cast<std::uint32_t>(random.below(count)); };
  for (int round = 0; round < 20; ++round) {
    CardsGraph in;
    std::vector<std::pair<Time, Held>> expected;
    std::vector<Card> cards;
    for (std::int64_t step = 0; step < 6; ++step) {
      for (std::uint32_t i = 0; i < 5; ++i) {  // each card comes, goes, or is drawn anew
        const std::string id = concat("c", i);
        const auto is_it = [&](const Card& one) { return one.id == id; };
        if (pick(2) == 0) std::erase_if(cards, is_it);
        if (std::any_of(cards.begin(), cards.end(), is_it) || pick(4) == 0) continue;
        Card one{.where = id, .id = id, .name = concat("Card ", pick(8) == 0 ? "New" : "Old", " ", i)};
        if (pick(4) != 0) one.strength = concat(pick(3));
        if (pick(4) != 0) one.guard = concat(pick(3));
        for (const char* keyword : {"gusty", "lucky"}) {
          if (pick(2) == 0) one.keywords.emplace_back(keyword);
        }
        cards.push_back(std::move(one));
      }
      const Game game = with_cards(cards);
      const Time at{1000 * (step + 1)};
      const Ingested done = ingest(in.graph, in.encoder, game, {.at = at, .since = at});
      CHECK(ingest(in.graph, in.encoder, game, {.at = at, .since = at}).version == done.version);
      CHECK(ingest(in.graph, in.encoder, game, {.at = {at.microseconds + 500}, .since = at}).version ==
            done.version);
      Held held;
      std::set<std::tuple<std::string, std::string, std::string>> linked;
      for (const Card& one : cards) {
        for (const Sentence& said : sentences(one)) held.emplace(CardGame::name_of(said.kind), said.text);
        for (const std::string& keyword : one.keywords) linked.emplace(one.name, "has_keyword", keyword);
      }
      expected.emplace_back(at, std::move(held));
      CHECK(in.links(at) == linked);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(round);
        CAPTURE(step);
        CAPTURE(i);
        CHECK(in.facts(expected[i].first) == expected[i].second);
        CHECK(in.facts({expected[i].first.microseconds + 999}) == expected[i].second);
      }
      CHECK(in.facts({999}).empty());
      // Searches find what holds of a functional kind, and nothing that was never said.
      std::set<std::string> figures;
      for (const auto& [kind, text] : expected.back().second) {
        if (kind != "keyword") figures.insert(text);
      }
      std::set<std::string> seen;
      for (const std::string& text : findable(in, at)) {
        if (text.find("keyword") == text.npos) seen.insert(text);
      }
      CHECK(seen == figures);
    }
  }
}

TEST_CASE("new things hold from `since` on, changes from `at` on") {
  CardsGraph in;
  ingest(in.graph, in.encoder, with_cards({card("c0", "Salt Dancer", "4")}), {.at = {100}});
  CHECK(strengths(in, {-5}) == "Salt Dancer strength 4");
  const Ingested changed =
      ingest(in.graph, in.encoder, with_cards({card("c0", "Salt Dancer", "5"), card("c1", "Moss Fox", "1")}),
             {.at = {200}, .since = {150}});
  CHECK(changed.superseding == 1);
  CHECK(changed.new_facts == 1);
  CHECK(changed.new_things == 1);
  CHECK(strengths(in, {149}) == "Salt Dancer strength 4");
  CHECK(strengths(in, {199}) == "Moss Fox strength 1, Salt Dancer strength 4");
  CHECK(strengths(in, {200}) == "Moss Fox strength 1, Salt Dancer strength 5");

  // The same instant again: the file corrects itself, and what it said is gone.
  ingest(in.graph, in.encoder, with_cards({card("c0", "Salt Dancer", "6"), card("c1", "Moss Fox", "1")}),
         {.at = {200}});
  CHECK(strengths(in, {199}) == "Moss Fox strength 1, Salt Dancer strength 4");
  CHECK(strengths(in, {200}) == "Moss Fox strength 1, Salt Dancer strength 6");
  CHECK(findable(in, {200}) == std::set<std::string>{"Moss Fox strength 1", "Salt Dancer strength 6"});

  // Gone, and back.
  const Ingested gone = ingest(in.graph, in.encoder, with_cards({card("c0", "Salt Dancer", "6")}), {.at = {300}});
  CHECK(gone.ended == 1);
  CHECK(strengths(in, {299}) == "Moss Fox strength 1, Salt Dancer strength 6");
  CHECK(strengths(in, {300}) == "Salt Dancer strength 6");
  const Ingested back =
      ingest(in.graph, in.encoder, with_cards({card("c0", "Salt Dancer", "6"), card("c1", "Moss Fox", "1")}),
             {.at = {400}});
  CHECK(back.returned == 1);
  CHECK(back.new_things == 0);
  CHECK(strengths(in, {399}) == "Salt Dancer strength 6");
  CHECK(strengths(in, {400}) == "Moss Fox strength 1, Salt Dancer strength 6");
}

TEST_CASE("errata hold from their dates on, whatever the order in which files come") {
  Game game = with_cards({card("c0", "Salt Dancer", "4")});
  game.errata = {"errata.json", {erratum("c0", "7", {1000}), erratum("c0", "2", {2000})}};
  const std::string salt = "Salt Dancer strength ";
  CardsGraph in;
  SUBCASE("together") { ingest(in.graph, in.encoder, game, {.at = {1500}}); }
  SUBCASE("errata later, and alone") {
    ingest(in.graph, in.encoder, with_cards({card("c0", "Salt Dancer", "4")}), {.at = {100}});
    Game errata;
    errata.errata = game.errata;
    const Ingested done = ingest(in.graph, in.encoder, errata, {.at = {1500}});
    CHECK(done.superseding == 2);
    CHECK(done.ended == 0);
    CHECK(ingest(in.graph, in.encoder, errata, {.at = {1500}}).version == done.version);
  }
  CHECK(strengths(in, {999}) == salt + "4");
  CHECK(strengths(in, {1000}) == salt + "7");
  CHECK(strengths(in, {2000}) == salt + "2");
  const auto unchanged = [&](const Game& one, Time at) {
    const knowledge::Version last = in.graph.snapshot().version();
    CHECK(ingest(in.graph, in.encoder, one, {.at = at}).version == last);
  };
  unchanged(game, {1500});
  unchanged(game, {2500});
  unchanged(with_cards({card("c0", "Salt Dancer", "4")}), {2500});

  // The first one is taken back: as if it had never been.
  game.errata->rows.erase(game.errata->rows.begin());
  ingest(in.graph, in.encoder, game, {.at = {2600}});
  CHECK(strengths(in, {1000}) == salt + "4");
  CHECK(strengths(in, {2000}) == salt + "2");
  CHECK(findable(in, {2600}) == std::set<std::string>{salt + "2"});
  unchanged(game, {2700});

  // The card goes, with its erratum, and comes back as it was when it went.
  Game gone = with_cards({});
  gone.errata = {"errata.json", {}};
  ingest(in.graph, in.encoder, gone, {.at = {3000}});
  CHECK(strengths(in, {2999}) == salt + "2");
  CHECK(strengths(in, {3000}).empty());
  ingest(in.graph, in.encoder, game, {.at = {4000}});
  CHECK(strengths(in, {2999}) == salt + "2");
  CHECK(strengths(in, {3999}).empty());
  CHECK(strengths(in, {4000}) == salt + "2");
  unchanged(game, {4100});

  // A new printing has the last word, also over errata; and what they say later holds from then on.
  game.cards->rows[0].strength = "9";
  game.errata->rows.push_back(erratum("c0", "1", {6000}));
  ingest(in.graph, in.encoder, game, {.at = {5000}});
  CHECK(strengths(in, {4999}) == salt + "2");
  CHECK(strengths(in, {5000}) == salt + "9");
  CHECK(strengths(in, {6000}) == salt + "1");
  unchanged(game, {5500});

  // All errata are taken back, the one to come among them.
  game.errata->rows.clear();
  ingest(in.graph, in.encoder, game, {.at = {5600}});
  CHECK(strengths(in, {6000}) == salt + "9");
  CHECK(strengths(in, {1500}) == salt + "4");
  unchanged(game, {5700});
}

TEST_CASE("progress is told, and what it throws ends the ingestion") {
  struct Counting : ProgressSink {
    void begin(std::string_view task, std::uint64_t total, ProgressUnit /*unit*/) override {
      told += concat(task, " ", total, ": ");
    }
    void advance(std::uint64_t done, std::string_view /*item*/) override {
      last = done;
      if (stops && told.find("encoding") != told.npos) throw Error("stopped");
    }
    void end() override { told += concat(last, ". "); }
    std::string told{};
    std::uint64_t last = 0;
    bool stops = false;
  };
  CardsGraph in;
  Counting progress;
  progress.stops = true;
  const Game game = with_cards({card("c0", "Salt Dancer", "4", {"gusty", "lucky"}), card("c1", "Moss Fox", "1")});
  CHECK_THROWS_AS(ingest(in.graph, in.encoder, game, {.at = {10}, .progress = &progress}), Error);
  CHECK(in.graph.commit("nothing waits", {20}).value == 0);
  Counting again;
  ingest(in.graph, in.encoder, game, {.at = {10}, .progress = &again});
  CHECK(again.told == "comparing facts 4: 4. encoding facts 4: 4. ");
}

TEST_CASE("relations come and go, by who says so") {
  CardsGraph in;
  Game game;
  game.rules = {
      "rules.json",
      {{.where = "0", .id = "rule:1.", .number = "1.", .title = "A", .text = "See rule 2."},
       {.where = "1", .id = "rule:2.", .number = "2.", .title = "B", .text = "Both.", .refers_to = {"rule:1."}}}};
  game.relations = {"relations.json",
                    {{.where = "0", .from = "rule:2.", .kind = "refers_to", .to = "rule:1."},
                     {.where = "1", .from = "rule:2.", .kind = "part_of", .to = "rule:1."}}};
  using Links = std::set<std::tuple<std::string, std::string, std::string>>;
  const std::tuple<std::string, std::string, std::string> refers{"Rule 2", "refers_to", "Rule 1"};
  const std::tuple<std::string, std::string, std::string> part{"Rule 2", "part_of", "Rule 1"};
  const std::tuple<std::string, std::string, std::string> in_text{"Rule 1", "refers_to", "Rule 2"};
  ingest(in.graph, in.encoder, game, {.at = {10}});
  CHECK(in.links() == Links{refers, part, in_text});
  for (const knowledge::Edge& edge : in.graph.snapshot().edges(in.graph.snapshot().find("Rule 1")[0])) {
    if (edge.kind == knowledge::number(Edge::part_of)) CHECK(edge.source == "relations.json");
    if (edge.kind == knowledge::number(Edge::states)) CHECK(edge.source == "rules.json");
    if (edge.kind != knowledge::number(Edge::refers_to)) continue;
    CHECK(edge.source == (edge.confidence < 1 ? "texts of rules.json" : "rules.json\nrelations.json"));
  }
  {
    Game fewer = game;
    fewer.relations->rows.erase(fewer.relations->rows.begin());
    ingest(in.graph, in.encoder, fewer, {.at = {15}});
    CHECK(in.links({15}) == Links{refers, part, in_text});
    for (const knowledge::Edge& edge : in.graph.snapshot().edges(in.graph.snapshot().find("Rule 1")[0])) {
      const bool is_it = edge.kind == knowledge::number(Edge::refers_to) && edge.confidence == 1;
      if (is_it) CHECK(edge.source == "rules.json");
    }
  }
  Game relations;
  relations.relations = {"relations.json", {}};
  ingest(in.graph, in.encoder, relations, {.at = {20}});  // the rules still say so
  CHECK(in.links({19}) == Links{refers, part, in_text});
  CHECK(in.links({20}) == Links{refers, in_text});
  game.relations = relations.relations;
  game.rules->rows[1].refers_to.clear();
  game.rules->rows[0].text = "See both.";
  ingest(in.graph, in.encoder, game, {.at = {30}});
  CHECK(in.links({29}) == Links{refers, in_text});
  CHECK(in.links({30}) == Links{});
}

TEST_CASE("cards of MTGJSON: faces, reprints, figures that are none, and texts as abilities") {
  CardsGraph in;
  Game game;
  game.cards = {"AtomicCards.json", parse_cards(R"({"data": {
      "Fire // Ice": [{"name": "Fire // Ice", "faceName": "Fire", "side": "a", "manaValue": 4.0, "types": ["Instant"],
                       "text": "Fire deals 2 damage.\nSee rule 104.3a, too."},
                      {"name": "Fire // Ice", "faceName": "Ice", "side": "b", "manaValue": 4.0, "types": ["Instant"]}],
      "Wolf": [{"name": "Wolf", "power": "*", "toughness": "1+*", "types": ["Artifact", "Creature"],
                "keywords": ["First strike"], "text": "First strike\nOther than Fire, nothing burns."}]
}
})",
                                                "file")};
  const Ingested done = ingest(in.graph, in.encoder, game, {.at = {10}});
  CHECK(done.problems.empty());
  CHECK(done.absent ==
        std::map<std::string, std::size_t>{{"manaValue", 1}, {"power", 2}, {"toughness", 2}, {"text", 1}});
  CHECK(in.facts() == Held{{"cost", "Fire cost 4"},
                           {"card_kind", "Fire kind Instant"},
                           {"ability", "Fire ability Fire deals 2 damage. See rule 104.3a, too"},
                           {"cost", "Ice cost 4"},
                           {"card_kind", "Ice kind Instant"},
                           {"strength", "Wolf strength *"},
                           {"guard", "Wolf guard 1+*"},
                           {"card_kind", "Wolf kind Artifact Creature"},
                           {"ability", "Wolf ability First strike Other than Fire, nothing burns"},
                           {"keyword", "Wolf keyword First strike"}});
  CHECK(in.links() ==
        std::set<std::tuple<std::string, std::string, std::string>>{{"Fire", "is_a", "Instant"},
                                                                    {"Ice", "is_a", "Instant"},
                                                                    {"Wolf", "is_a", "Artifact"},
                                                                    {"Wolf", "is_a", "Creature"},
                                                                    {"Wolf", "has_keyword", "First strike"},
                                                                    {"Wolf", "mentions", "Fire"}});
  CHECK(in.graph.snapshot().find("fire // ice").size() == 2);
  CHECK(ingest(in.graph, in.encoder, game, {.at = {20}}).version == done.version);
}

TEST_CASE("what is wrong is refused whole, or left out and listed") {
  CardsGraph in;
  Game game = with_cards({card("c0", "Salt Dancer", "4"), card("c1", "Salt Dancer", "5"), card("c2", "", "5")});
  try {
    ingest(in.graph, in.encoder, game, {.at = {10}});
    FAIL("expected UnsoundGame");
  } catch (const UnsoundGame& error) {
    CHECK(error.problems().size() == 2);
    const std::string text = error.what();
    CHECK(text.find("contradiction: c1: the name 'Salt Dancer' is that of c0") != text.npos);
    CHECK(text.find("missing field: c2") != text.npos);
  }
  CHECK(in.graph.snapshot().version().value == 0);
  const Ingested done = ingest(in.graph, in.encoder, game, {.at = {10}, .rigour = Rigour::quarantine});
  CHECK(done.problems.size() == 2);
  CHECK(strengths(in, {10}) == "Salt Dancer strength 4");

  // An id that changes its kind, and a graph that is too small, leave the last version.
  Game other;
  other.terms = {"glossary.json", {{.where = "t", .id = "c0", .name = "salt", .definition = "x"}}};
  CHECK_THROWS_AS(ingest(in.graph, in.encoder, other, {.at = {20}}), InvalidArgument);
  CHECK_THROWS_AS(ingest(in.graph, encode::HashedNgrams({.dim = 16}), game, {.at = {20}}),
                  knowledge::EncoderMismatch);
  CHECK(in.graph.commit("nothing waits", {30}) == done.version);
  CardsGraph tiny(32, 3);
  CHECK_THROWS_AS(
      ingest(tiny.graph, tiny.encoder, with_cards({card("c0", "A", "1"), card("c1", "B", "1")}), {.at = {10}}),
      knowledge::KnowledgeFull);
  CHECK(tiny.graph.commit("nothing waits", {30}).value == 0);
}

TEST_CASE("a log becomes events of its game") {
  CardsGraph in;
  ingest(in.graph, in.encoder, with_cards({card("c0", "Salt Dancer", "4"), card("c1", "Moss Fox", "1")}),
         {.at = {10}});
  const std::vector<std::string_view> log{"Turn 1 Mira lit Salt Dancer.", "Turn 3 Salt Dancer beat Moss Fox.",
                                          "Turn 4 Mira gained 4 lanterns."};
  const std::vector<Time> times{{100}, {300}, {400}};
  const View<const std::string_view> sentences(log);
  const IngestedLog done = ingest_log(in.graph, in.encoder, "game-7", sentences, View<const Time>(times), {500});
  CHECK(done.events == 3);
  CHECK(done.version.value == 2);
  using Links = std::set<std::tuple<std::string, std::string, std::string>>;
  CHECK(in.links({300}) == Links{{"Turn 1 Mira lit Salt Dancer", "part_of", "game-7"},
                                 {"Turn 1 Mira lit Salt Dancer", "mentions", "Salt Dancer"},
                                 {"Turn 3 Salt Dancer beat Moss Fox", "part_of", "game-7"},
                                 {"Turn 3 Salt Dancer beat Moss Fox", "mentions", "Salt Dancer"},
                                 {"Turn 3 Salt Dancer beat Moss Fox", "mentions", "Moss Fox"}});
  CHECK(in.links({400}).size() == 6);
  const IngestedLog again = ingest_log(in.graph, in.encoder, "game-7", sentences, View<const Time>(times), {600});
  CHECK(again.known == 3);
  CHECK(again.version == done.version);
  const IngestedLog other = ingest_log(in.graph, in.encoder, "game-8", sentences, View<const Time>(times), {600});
  CHECK(other.events == 3);
  CHECK(in.graph.forget("game-7") == 10);
  in.graph.commit("forgotten", {700});
  CHECK(in.links().size() == 6);

  // The files again: events are none of theirs.
  const auto last = in.graph.snapshot().version();
  CHECK(ingest(in.graph, in.encoder, with_cards({card("c0", "Salt Dancer", "4"), card("c1", "Moss Fox", "1")}),
               {.at = {800}})
            .version == last);
  CHECK_THROWS_AS(ingest_log(in.graph, in.encoder, "game-9", sentences, View<const Time>(times.data(), 2), {600}),
                  InvalidArgument);
  CHECK_THROWS_AS(ingest_log(in.graph, in.encoder, "", sentences, View<const Time>(times), {600}),
                  InvalidArgument);
}
