// What is filed is kept once, with all who said so, since when, and can be taken apart again.
#include "asterism/librarian/librarian.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"

#include "support/archive.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using namespace asterism::librarian;
using test::Archive;
using test::day;
using test::Ships;

namespace {

using Plain = Archive<>;

std::map<std::string, Node> nodes_by_text(const Plain& archive) {
  std::map<std::string, Node> all;
  archive.graph.snapshot().for_each_node([&](Node node) {
    if (node.merged_into == no_node) all[node.text] = std::move(node);
  });
  return all;
}

}  // namespace

TEST_CASE("what two sources say alike becomes one node, more certain than each, and can be taken apart") {
  Plain archive;
  const FiledReport first = archive.file(Plain::note("the pilot waits at the outer buoy", "mate", 0.6));
  CHECK(first.outcome == Outcome::inserted);
  const FiledReport second = archive.file(Plain::note("the pilot waits at the outer buoy", "cook", 0.5));
  CHECK(second.outcome == Outcome::merged);
  CHECK(second.node == first.node);
  const Node node = *archive.graph.node_now(first.node);
  CHECK(node.confidence == doctest::Approx(1 - 0.4 * 0.5));
  CHECK(node.source == "mate\ncook");
  CHECK(archive.graph.snapshot().statistics().merged == 2);
  CHECK(archive.file(Plain::note("the pilot waits at the outer buoy", "cook", 0.5)).outcome == Outcome::duplicate);
  CHECK(archive.file(Plain::note("the pilot waits at the outer buoy", "mate", 0.6)).outcome == Outcome::duplicate);

  // A source counts once, however often it says so in other words.
  CHECK(archive.file(Plain::note("The pilot waits at the outer buoy", "cook", 0.5)).outcome == Outcome::merged);
  CHECK(archive.graph.node_now(first.node)->confidence == doctest::Approx(0.8));

  CHECK(archive.librarian.unmerge(first.node, day(2)));
  CHECK(archive.graph.node_now(first.node)->confidence == doctest::Approx(0.6));
  CHECK(archive.graph.node_now(first.node)->source == "mate");
  CHECK(archive.graph.snapshot().statistics().merged == 0);
  CHECK(archive.graph.snapshot().statistics().nodes[2] == 3);
  CHECK_FALSE(archive.librarian.unmerge(first.node, day(2)));
  CHECK_FALSE(archive.librarian.unmerge({99}, day(2)));
}

TEST_CASE("one member taken out leaves the others") {
  Plain archive;
  std::vector<NodeId> ids;
  const NodeId whole = archive.file(Plain::note("the pilot waits at the outer buoy", "a", 0.5)).node;
  for (const std::string source : {"b", "c"})
    archive.file(Plain::note("the pilot waits at the outer buoy", source, 0.5));
  CHECK(archive.graph.node_now(whole)->confidence == doctest::Approx(0.875));
  archive.graph.snapshot().for_each_node([&](const Node& node) {
    if (node.source == "b") ids.push_back(node.id);
  });
  REQUIRE(ids.size() == 1);
  CHECK(archive.librarian.unmerge(ids[0], day(2)));
  CHECK(archive.graph.node_now(whole)->confidence == doctest::Approx(0.75));
  CHECK(archive.graph.node_now(whole)->source == "a\nc");
  CHECK(archive.graph.node_now(ids[0])->merged_into == no_node);
}

TEST_CASE("what differs in a figure or a name stays apart, however alike the vectors are") {
  Plain archive;
  archive.graph.put({.kind = 0, .name = "grey gull"});
  archive.graph.put({.kind = 0, .name = "white gull"});
  archive.graph.commit("", day(0));
  const std::string tail =
      " of all the ships that lie in the harbour in winter and wait there for the spring and the tide";
  const std::vector<float> same(512, 1.0F);
  const auto file = [&](const std::string& text, std::uint16_t kind = 2) {
    Report report = Plain::note(text + tail, "mate");
    report.kind = kind;
    report.vector = same;
    return archive.file(report).outcome;
  };
  CHECK(file("guard 6") == Outcome::inserted);
  CHECK(file("guard 7") == Outcome::inserted);
  CHECK(file("about the grey gull") == Outcome::inserted);
  CHECK(file("about the white gull") == Outcome::inserted);
  CHECK(file("said by Anna Lund") == Outcome::inserted);
  CHECK(file("said by Berta Lund") == Outcome::inserted);
  CHECK(file("is guard 6") == Outcome::merged);
  CHECK(file("what the GREY gull is") == Outcome::merged);
  CHECK(file("guard 6 too", 3) == Outcome::inserted);  // of another kind, one that never merges
  CHECK(file("guard 6 also", 3) == Outcome::inserted);
}

TEST_CASE("a later fact ends the one before; of one instant the more certain counts") {
  Plain archive;
  const NodeId gull = archive.graph.put({.kind = 0, .name = "Gull"});
  archive.graph.commit("", day(0));
  const auto length = [&](const std::string& text, int from, double confidence = 0.9) {
    return archive.file({.kind = 1,
                         .text = text,
                         .confidence = confidence,
                         .source = "yard",
                         .valid_from = day(from),
                         .about = gull,
                         .relation = number(Ships::EdgeKind::length)});
  };
  CHECK(length("Gull length 20", 10).outcome == Outcome::inserted);
  CHECK(length("Gull length 24", 20).outcome == Outcome::superseding);
  CHECK(length("Gull length 18", 5).outcome == Outcome::superseding);
  CHECK(length("Gull length 30", 20, 0.3).outcome == Outcome::disputed);
  CHECK(length("Gull length 24", 20).outcome == Outcome::duplicate);
  const auto at = [&](int instant) {
    const auto snapshot = archive.graph.snapshot(day(instant));
    const auto edges = snapshot.edges(gull, Direction::out);
    return edges.empty() ? "" : snapshot.node(edges[0].to)->text;
  };
  CHECK(at(4).empty());
  CHECK(at(7) == "Gull length 18");
  CHECK(at(15) == "Gull length 20");
  CHECK(at(25) == "Gull length 24");
}

TEST_CASE("a fact that is true again holds again, whoever says so") {
  Plain archive;
  const NodeId gull = archive.graph.put({.kind = 0, .name = "Gull"});
  archive.graph.commit("", day(0));
  const auto cargo = [&](const std::string& text, const std::string& source, int from) {
    return archive
        .file({.kind = 1,
               .text = text,
               .confidence = 0.9,
               .source = source,
               .valid_from = day(from),
               .about = gull,
               .relation = number(Ships::EdgeKind::cargo)})
        .outcome;
  };
  const auto at = [&](int instant) {
    const auto snapshot = archive.graph.snapshot(day(instant));
    const auto edges = snapshot.edges(gull, Direction::out);
    return edges.size() == 1 ? snapshot.node(edges[0].to)->text : std::to_string(edges.size());
  };
  CHECK(cargo("Gull cargo salt", "mate", 10) == Outcome::inserted);
  CHECK(cargo("Gull cargo rum", "mate", 20) == Outcome::superseding);
  CHECK(cargo("Gull cargo salt", "mate", 30) == Outcome::superseding);  // its source has said so, of another time
  CHECK(cargo("Gull cargo rum", "cook", 40) == Outcome::superseding);   // merged, and true again
  CHECK(cargo("Gull cargo salt", "mate", 5) == Outcome::superseding);   // and before
  CHECK(cargo("Gull cargo rum", "cook", 45) == Outcome::duplicate);
  CHECK(at(7) == "Gull cargo salt");
  CHECK(at(15) == "Gull cargo salt");
  CHECK(at(25) == "Gull cargo rum");
  CHECK(at(35) == "Gull cargo salt");
  CHECK(at(50) == "Gull cargo rum");
  CHECK(archive.graph.snapshot().statistics().nodes[1] == 4);  // two facts, and what rum's two sources said
}

TEST_CASE("what a batch is about is not evicted for it") {
  Plain archive(300);
  const NodeId ship = archive.graph.put({.kind = 0, .name = "Gull", .confidence = 0.01});
  archive.graph.commit("", day(0));
  for (int i = 0; i < 600; ++i) {
    Report report{.kind = 1,
                  .text = "Gull says " + std::to_string(i),
                  .source = "mate",
                  .about = ship,
                  .relation = number(Ships::EdgeKind::says)};
    CHECK(archive.file(report).outcome == Outcome::inserted);
  }
  CHECK(archive.graph.snapshot().node(ship));
}

TEST_CASE("a graph whose texts are full lets go of some, too") {
  Plain archive(2000);  // of 200 bytes each
  for (int i = 0; i < 1200; ++i) {
    const Report report = Plain::note("note " + std::to_string(i) + std::string(500, 'x'));
    REQUIRE(archive.librarian.file(View<const Report>(&report, 1), day(i)).reports[0].outcome ==
            Outcome::inserted);
  }
}

TEST_CASE("what others do to the graph is seen") {
  Plain archive;
  const NodeId whole = archive.file(Plain::note("the pilot waits at the outer buoy", "mate", 0.5)).node;
  archive.file(Plain::note("the pilot waits at the outer buoy", "cook", 0.5));
  archive.graph.forget("cook");
  archive.graph.commit("", day(2));
  CHECK(archive.file(Plain::note("the pilot waits at the outer buoy", "smith", 0.5), 3).outcome ==
        Outcome::merged);
  CHECK(archive.graph.node_now(whole)->source == "mate\nsmith");
  archive.graph.rollback(archive.graph.versions().front().version, day(4));
  CHECK(archive.file(Plain::note("the pilot waits at the outer buoy", "cook", 0.5), 5).outcome == Outcome::merged);
  CHECK(archive.graph.node_now(whole)->source == "mate\ncook");
}

TEST_CASE("what was taken apart is said of what it was said of") {
  Plain archive;
  const NodeId gull = archive.graph.put({.kind = 0, .name = "Gull"});
  archive.graph.commit("", day(0));
  for (const std::string source : {"mate", "cook"}) {
    archive.file({.kind = 1,
                  .text = "Gull cargo salt",
                  .confidence = 0.5,
                  .source = source,
                  .about = gull,
                  .relation = number(Ships::EdgeKind::cargo)});
  }
  const NodeId whole = archive.graph.snapshot().edges(gull)[0].to;
  CHECK(archive.librarian.unmerge(whole, day(2)));
  CHECK(archive.graph.edges_at(gull).size() == 2);
}

TEST_CASE("where the first one stays, another fact is refused while it holds") {
  Archive<WeightedCentre, FirstStays> archive;
  const NodeId gull = archive.graph.put({.kind = 0, .name = "Gull"});
  archive.graph.commit("", day(0));
  const auto cargo = [&](const std::string& text) {
    return archive.file({.kind = 1, .text = text, .about = gull, .relation = number(Ships::EdgeKind::cargo)});
  };
  CHECK(cargo("Gull cargo salt").outcome == Outcome::inserted);
  const FiledReport refused = cargo("Gull cargo rum");
  CHECK(refused.outcome == Outcome::refused);
  CHECK(refused.why == "node 1 holds then");
}

TEST_CASE("what can't be kept is refused one by one, and says why") {
  Plain archive;
  const NodeId note = archive.file(Plain::note("a note")).node;
  const std::vector<Report> reports{Plain::note(""),
                                    {.kind = 9, .text = "x"},
                                    {.kind = 2, .text = "x", .confidence = 0},
                                    {.kind = 2, .text = "\xFF"},
                                    {.kind = 2, .text = "x", .vector = {1, 2}},
                                    {.kind = 2, .text = "x", .source = "two\nlines"},
                                    {.kind = 1, .text = "x", .about = {77}, .relation = std::uint16_t{0}},
                                    {.kind = 1, .text = "x", .about = note, .relation = std::uint16_t{0}},
                                    {.kind = 1, .text = "x", .about = note},
                                    Plain::note("this one is kept")};
  const Filed filed = archive.librarian.file(View<const Report>(reports), day(2));
  CHECK(filed.count(Outcome::refused) == 9);
  for (std::size_t i = 0; i < 9; ++i) CHECK_FALSE(filed.reports[i].why.empty());
  CHECK(filed.reports[7].why == "the schema has no 'cargo' from a 'note' to a 'fact'");
  CHECK(filed.reports[9].outcome == Outcome::inserted);
  CHECK(archive.graph.snapshot().statistics().nodes[2] == 2);
}

TEST_CASE("the order of reports in a batch does not matter, and filing twice equals once") {
  Random random(3);
  std::vector<Report> reports;
  const std::vector<std::string> texts{"the pilot waits at the outer buoy",
                                       "The pilot waits at the outer buoy",
                                       "the pilot waits at the outer buoys",
                                       "the tide turns at 6",
                                       "the tide turns at 7",
                                       "the harbour is closed in winter",
                                       "the harbour is closed in winters"};
  for (const std::string& text : texts) {
    for (const std::string source : {"a", "b", "c"})
      reports.push_back(Plain::note(text, source, 0.3 + 0.1 * static_cast<double>(random.below(5))));
  }
  Plain first;
  const Filed filed = first.librarian.file(View<const Report>(reports), day(1));
  CHECK(filed.count(Outcome::merged) > 5);
  const std::map<std::string, Node> wanted = nodes_by_text(first);
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = reports.size(); i > 1; --i) std::swap(reports[i - 1], reports[random.below(i)]);
    Plain again;
    again.librarian.file(View<const Report>(reports), day(1));
    const std::map<std::string, Node> got = nodes_by_text(again);
    REQUIRE(got.size() == wanted.size());
    for (const auto& [text, node] : wanted) {
      CHECK(got.at(text).confidence == node.confidence);
      CHECK(got.at(text).source == node.source);
      CHECK(got.at(text).weight == node.weight);
    }
    const Version version = again.graph.snapshot().version();
    const Filed twice = again.librarian.file(View<const Report>(reports), day(2));
    CHECK(twice.count(Outcome::duplicate) == reports.size());
    CHECK(twice.version == version);
  }
}

TEST_CASE("a report that was not kept lies near one that was") {
  Plain archive;
  Random random(5);
  std::vector<Report> reports;
  for (int i = 0; i < 200; ++i) {
    Report report = Plain::note("a note", "source " + std::to_string(i), 0.2 + 0.8 * random.uniform());
    for (int d = 0; d < 512; ++d) report.vector.push_back(d < 3 ? static_cast<float>(random.normal()) : 0.0F);
    reports.push_back(std::move(report));
  }
  const Filed filed = archive.librarian.file(View<const Report>(reports), day(1));
  std::set<NodeId> kept;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    REQUIRE(filed.reports[i].node != no_node);
    kept.insert(filed.reports[i].node);
    const Node node = *archive.graph.node_now(filed.reports[i].node);
    CHECK(node.merged_into == no_node);
    // At least as near as it had to be to the first of those that it joined, and that one to the node.
    CHECK(Cosine::of(View<const float>(reports[i].vector), View<const float>(node.vector)) > 0.6);
  }
  CHECK(kept.size() > 5);
  CHECK(kept.size() < 120);
}

TEST_CASE("a full archive lets go of what is worth least, never of what is pinned") {
  Plain archive(300);
  std::vector<NodeId> pinned;
  for (int i = 0; i < 10; ++i) {
    pinned.push_back(archive.file(Plain::note("pinned note " + std::to_string(i), "mate", 0.01)).node);
    archive.graph.pin(pinned.back());
  }
  archive.graph.commit("", day(1));
  NodeId useful = archive.file(Plain::note("useful note 0", "mate", 0.2)).node;
  archive.graph.use(useful, day(2));
  std::size_t evicted = 0;
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    const Report report = Plain::note("note " + std::to_string(i), "mate", 0.1 + 0.05 * random.uniform());
    const Filed filed = archive.librarian.file(View<const Report>(&report, 1), day(3));
    evicted += filed.evicted;
    REQUIRE(filed.reports[0].outcome == Outcome::inserted);
    CHECK(archive.graph.live_nodes() <= 300);
    CHECK(archive.arena.used() == Plain::Graph::bytes(archive.graph.limits()));
  }
  CHECK(evicted > 1500);
  for (const NodeId id : pinned) CHECK(archive.graph.snapshot().node(id));
  CHECK(archive.graph.snapshot().node(useful));
}

TEST_CASE("where all is pinned a full archive says so, and stays as it is") {
  Plain archive(40);
  Version version{};
  const auto fill = [&] {
    for (int i = 0; i < 60; ++i) {
      const NodeId id = archive.file(Plain::note("note " + std::to_string(i))).node;
      version = archive.graph.snapshot().version();
      archive.graph.pin(id);
      version = archive.graph.commit("", day(1));
    }
  };
  CHECK_THROWS_AS(fill(), KnowledgeFull);
  CHECK(archive.graph.snapshot().version() == version);
  CHECK(archive.graph.live_nodes() > 20);
}

TEST_CASE("answered questions are remembered, and their facts counted as used") {
  Plain archive;
  archive.graph.put({.kind = 0, .name = "Gull"});
  archive.graph.commit("", day(0));
  const NodeId fact = archive.file(Plain::note("Gull length 20")).node;
  const std::vector<Answered> asked{{"How long is the Gull?", {fact, {99}}}};
  archive.librarian.remember(View<const Answered>(asked), day(2));
  const auto snapshot = archive.graph.snapshot();
  CHECK(snapshot.use(fact) == Use{fact, 1, day(2)});
  CHECK(snapshot.statistics().nodes[3] == 1);
  CHECK(snapshot.statistics().edges[3] == 1);
}

TEST_CASE("a librarian refuses a graph of another encoder") {
  Plain archive;
  const encode::HashedNgrams other({.dim = 512, .words = 2});
  using Other = Librarian<Plain::Graph, encode::HashedNgrams>;
  CHECK_THROWS_AS(Other(archive.graph, other), EncoderMismatch);
}
