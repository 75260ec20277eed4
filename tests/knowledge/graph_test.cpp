// A graph answers as a naive one does, at every version that it keeps and in every snapshot that somebody holds.
#include "asterism/knowledge/graph.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/store/memory.hpp"
#include "asterism/knowledge/store/sqlite.hpp"
#include "asterism/quant/float32.hpp"

#include "support/files.hpp"
#include "support/harbour.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using test::Harbour;

namespace {

using Node_ = Harbour::NodeKind;
using Edge_ = Harbour::EdgeKind;
using Exact = index::Flat<quant::Float32>;
template <class Store>
using Graph = KnowledgeGraph<Harbour, Exact, Store>;

constexpr KnowledgeLimits small{.nodes = 3000, .dim = 8, .edges = 6000, .text = Bytes{200'000}};

/// Nodes and edges of a version, and what they answer by looking at all of them.
struct Naive {
  std::map<NodeId, Node> nodes{};
  std::map<EdgeId, Edge> edges{};

  static bool functional(const Edge& edge) { return Harbour::functional(static_cast<Edge_>(edge.kind)); }
  static bool valid(const Edge& edge, Time at) { return edge.valid_from <= at && at < edge.valid_to; }
  bool holds(const Edge& edge, Time at) const {
    if (!valid(edge, at)) return false;
    if (!functional(edge)) return true;
    return std::none_of(edges.begin(), edges.end(), [&](const auto& one) {
      const Edge& other = one.second;
      return other.id != edge.id && other.from == edge.from && other.kind == edge.kind && valid(other, at) &&
             (other.confidence > edge.confidence || (other.confidence == edge.confidence && other.id < edge.id));
    });
  }
  bool node_holds(NodeId id, Time at) const {
    bool any = false;
    bool held = false;
    for (const auto& [key, edge] : edges) {
      if (edge.to != id || !functional(edge)) continue;
      any = true;
      held = held || holds(edge, at);
    }
    return held || !any;
  }
  std::vector<NodeId> find(const std::string& name) const {
    std::vector<NodeId> all;
    for (const auto& [id, node] : nodes) {
      const bool alias = std::count(node.aliases.begin(), node.aliases.end(), folded(name)) != 0;
      if (alias || (!node.name.empty() && folded(node.name) == folded(name))) all.push_back(id);
    }
    return all;
  }
  std::vector<Neighbour> neighbours(NodeId from, const WalkOptions& walk, Time at) const {
    std::map<NodeId, std::size_t> seen{{from, 0}};
    std::deque<NodeId> queue{from};
    while (!queue.empty() && nodes.count(from) != 0) {
      const NodeId here = queue.front();
      queue.pop_front();
      if (seen[here] == walk.hops) continue;
      for (const auto& [key, edge] : edges) {
        if ((walk.kinds >> edge.kind & 1U) == 0 || !holds(edge, at)) continue;
        for (const bool out : {true, false}) {
          if (walk.direction == (out ? Direction::in : Direction::out)) continue;
          if ((out ? edge.from : edge.to) != here) continue;
          const NodeId next = out ? edge.to : edge.from;
          if (seen.try_emplace(next, seen[here] + 1).second) queue.push_back(next);
        }
      }
    }
    std::vector<Neighbour> all;
    for (const auto& [id, hops] : seen) {
      if (hops != 0) all.push_back({id, hops});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Neighbour& a, const Neighbour& b) { return a.hops < b.hops; });
    return all;
  }
};

Time day(std::int64_t n) { return {n * 86'400'000'000}; }

template <class AnyGraph>
void same(const typename AnyGraph::Snapshot& snapshot, const Naive& naive, Random& random) {
  std::map<NodeId, Node> nodes;
  snapshot.for_each_node([&](Node node) { nodes[node.id] = std::move(node); });
  std::map<NodeId, Node> wanted = naive.nodes;
  for (auto& [id, node] : wanted) node.vector.clear();
  REQUIRE(nodes == wanted);
  std::map<EdgeId, Edge> edges;
  snapshot.for_each_edge([&](Edge edge) { edges[edge.id] = std::move(edge); });
  REQUIRE(edges == naive.edges);

  const auto now = snapshot.as_of(day(static_cast<std::int64_t>(random.below(40))));
  const Time at = now.valid();
  for (int i = 0; i < 8; ++i) {
    const NodeId id{static_cast<std::uint32_t>(random.below(120))};
    const auto node = now.node(id);
    CHECK(node.has_value() == (naive.nodes.count(id) != 0));
    const WalkOptions walk{
        .kinds = random.below(2) == 0 ? ~std::uint64_t{0} : edge_kinds(Edge_::visits, Edge_::cargo),
        .direction = static_cast<Direction>(random.below(3)),
        .hops = 1 + random.below(3)};
    CHECK(now.neighbours(id, walk) == naive.neighbours(id, walk, at));
    const auto there = naive.neighbours(id, {.direction = Direction::out, .hops = 3}, at);
    for (const NodeId to :
         {NodeId{static_cast<std::uint32_t>(random.below(120))}, there.empty() ? id : there.back().id}) {
      const Way way = now.path(id, to);
      const auto hop =
          std::find_if(there.begin(), there.end(), [&](const Neighbour& one) { return one.id == to; });
      const bool itself = to == id && naive.nodes.count(id) != 0;
      CHECK(way.found == (itself || hop != there.end()));
      if (way.found) CHECK(way.steps.size() == (itself ? 0 : hop->hops));
      NodeId here = id;
      for (const Way::Step& step : way.steps) {  // it goes along edges that hold at the instant
        const Edge& edge = naive.edges.at(step.edge);
        CHECK(edge.from == here);
        CHECK(edge.to == step.to);
        CHECK(naive.holds(edge, at));
        here = step.to;
      }
    }
  }
  for (const std::string name : {"ÉTOILE 3", "gull 5", "old  Gull 7", "nobody"}) {
    CHECK(now.find(name) == naive.find(name));
  }
  std::vector<float> query(8);
  for (float& x : query) x = static_cast<float>(random.normal());
  const NodeQuery which{.kinds = kinds(Node_::ship, Node_::fact, Node_::note)};
  const Found found = now.search(View<const float>(query), 5, now.select(which));
  std::vector<Scored> best;
  for (const auto& [id, one] : naive.nodes) {
    if (one.vector.empty() || one.kind == number(Node_::port) || one.merged_into != no_node) continue;
    if (!naive.node_holds(id, at)) continue;
    double dot = 0, a = 0, b = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      dot += double{query[i]} * one.vector[i];
      a += double{query[i]} * query[i];
      b += double{one.vector[i]} * one.vector[i];
    }
    best.push_back({id, dot / std::sqrt(a * b)});
  }
  std::sort(best.begin(), best.end(), [](const Scored& a, const Scored& b) { return a.score > b.score; });
  REQUIRE(found.hits.size() == std::min<std::size_t>(5, best.size()));
  for (std::size_t i = 0; i < found.hits.size(); ++i) CHECK(found.hits[i].score == doctest::Approx(best[i].score));
}

template <class Store>
void random_life(Store (*open)(const std::string&), const std::string& path, std::uint64_t seed, bool reopen) {
  Random random(seed);
  backend::Arena arena(0, Graph<Store>::bytes(small));
  auto graph = std::make_unique<Graph<Store>>(arena, small, open(path));
  CHECK(arena.used() == Graph<Store>::bytes(small));
  CHECK(graph->bytes() == Graph<Store>::bytes(small));
  Naive now;
  std::map<Version, Naive> kept;
  std::vector<std::pair<typename Graph<Store>::Snapshot, Naive>> held;

  const auto any_node = [&](Node_ kind) {
    std::vector<NodeId> all;
    for (const auto& [id, node] : now.nodes) {
      if (node.kind == number(kind)) all.push_back(id);
    }
    return all.empty() ? no_node : all[random.below(all.size())];
  };
  const auto erase_node = [&](NodeId id) {
    now.nodes.erase(id);
    std::erase_if(now.edges, [&](const auto& one) { return one.second.from == id || one.second.to == id; });
  };
  for (int commit = 1; commit <= 40; ++commit) {
    for (int step = 0; step < 12; ++step) {
      const std::uint64_t what = random.below(20);
      if (what < 8) {
        const auto kind = static_cast<Node_>(random.below(4));
        Node node{.kind = number(kind),
                  .name = kind == Node_::ship ? "Étoile " + std::to_string(random.below(9)) : ""};
        if (random.below(2) == 0) node.aliases = {"Old Gull " + std::to_string(random.below(9)), "gull 5"};
        node.text = "carries salt " + std::to_string(random.below(100));
        node.source = random.below(2) == 0 ? "log\nmate" : "mate";
        node.confidence = random.uniform();
        if (random.below(3) != 0) {
          for (int i = 0; i < 8; ++i) node.vector.push_back(static_cast<float>(random.normal()));
        }
        if (random.below(3) == 0) node.id = any_node(kind);
        const NodeId id = graph->put(node);
        node.id = id;
        for (std::string& alias : node.aliases) alias = folded(alias);
        std::sort(node.aliases.begin(), node.aliases.end());
        now.nodes[id] = node;
      } else if (what < 15) {
        const bool fact = random.below(2) == 0;
        Edge edge{.from = any_node(Node_::ship),
                  .kind = number(fact ? Edge_::cargo : Edge_::visits),
                  .to = any_node(fact ? Node_::fact : Node_::port),
                  .valid_from = day(static_cast<std::int64_t>(random.below(30))),
                  .weight = 1 + random.uniform(),
                  .confidence = 0.25 * static_cast<double>(random.below(5)),
                  .source = "log"};
        if (edge.from == no_node || edge.to == no_node) continue;
        if (!fact) {
          if (random.below(2) == 0)
            edge.valid_to = {edge.valid_from.microseconds + 1 +
                             static_cast<std::int64_t>(random.below(5'000'000'000'000))};
          edge.id = graph->link(edge);
          now.edges[edge.id] = edge;
          continue;
        }
        // The same, said naively.
        std::vector<Edge*> rivals;
        std::optional<EdgeId> known;
        for (auto& [id, other] : now.edges) {
          if (other.from != edge.from || other.kind != edge.kind) continue;
          rivals.push_back(&other);
          if (other.to == edge.to && Naive::valid(other, edge.valid_from)) known = id;
        }
        Edge told = edge;
        const Superseded done = graph->supersede(edge);
        if (known) {
          CHECK(done.known);
          continue;
        }
        Time before = beginning;
        for (Edge* other : rivals) {
          if (other->valid_from > told.valid_from) told.valid_to = std::min(told.valid_to, other->valid_from);
          if (other->valid_from < told.valid_from && other->valid_to > told.valid_from)
            before = std::max(before, other->valid_from);
        }
        std::size_t closed = 0;
        for (Edge* other : rivals) {
          if (before != beginning && other->valid_from == before) {
            other->valid_to = told.valid_from;
            ++closed;
          }
        }
        CHECK(done.closed.size() == closed);
        told.id = done.edge;
        now.edges[told.id] = told;
      } else if (what == 15) {
        const NodeId id = any_node(static_cast<Node_>(random.below(4)));
        CHECK(graph->erase(id) == (id != no_node));
        erase_node(id);
      } else if (what == 16 && !now.edges.empty()) {
        const EdgeId id =
            std::next(now.edges.begin(), static_cast<std::ptrdiff_t>(random.below(now.edges.size())))->first;
        CHECK(graph->erase(id));
        now.edges.erase(id);
      } else if (what == 17) {
        const NodeId id = any_node(Node_::note);
        if (id == no_node) continue;
        CHECK(graph->pin(id, true));
        now.nodes[id].pinned = true;
      } else if (what == 18 && random.below(4) == 0) {
        graph->forget("log");
        std::erase_if(now.edges, [](const auto& one) { return one.second.source == "log"; });
        for (auto& [id, node] : now.nodes) node.source = "mate";
      } else if (what == 19) {
        graph->use(any_node(Node_::ship), day(commit));
      }
    }
    const Version before = graph->snapshot().version();
    const Version version = graph->commit("commit " + std::to_string(commit), day(commit));
    const bool changed = version != before;
    if (changed) kept[version] = now;
    if (random.below(5) == 0 && kept.size() > 1) {
      const std::vector<Commit> all = graph->versions();
      const Version to = all[random.below(all.size())].version;
      const Version next = graph->rollback(to, day(commit));
      now = kept.at(to);
      std::erase_if(kept, [&](const auto& one) { return one.first > to; });
      kept[next] = now;
    }
    const std::vector<Commit> all = graph->versions();
    CHECK(all.size() <= kept_versions);
    for (const Commit& one : all)
      same<Graph<Store>>(graph->as_of(latest, one.version), kept.at(one.version), random);
    for (const auto& [snapshot, copy] : held) same<Graph<Store>>(snapshot, copy, random);
    if (random.below(3) != 0) {  // selections are made from those of earlier versions, of the last one or before
      for (const Time at : {latest, day(20)}) {
        const Selection selection = graph->snapshot(at).select();
        std::size_t allowed = 0;
        for (const auto& [id, node] : now.nodes) {
          const bool wanted = node.merged_into == no_node && now.node_holds(id, at);
          CHECK(selection.allows(id) == wanted);
          allowed += wanted ? 1 : 0;
        }
        CHECK(selection.count() == allowed);
      }
    }
    if (random.below(6) == 0) held.emplace_back(graph->snapshot(), now);
    if (held.size() > 3) held.erase(held.begin());
    if (reopen && random.below(4) == 0) {
      held.clear();
      graph.reset();
      graph = std::make_unique<Graph<Store>>(arena, small, open(path));
    }
    CHECK(arena.used() == Graph<Store>::bytes(small));
  }
}

struct Fleet {
  backend::Arena arena{0, 1_GiB};
  Graph<store::Memory> graph{arena, small};
  NodeId gull = graph.put({.kind = number(Node_::ship), .name = "Gull", .source = "log"});
  NodeId salt = graph.put({.kind = number(Node_::fact), .text = "salt", .source = "log"});
  NodeId rum = graph.put({.kind = number(Node_::fact), .text = "rum", .source = "log"});
  Edge carries(NodeId what, int from) const {
    return {.from = gull, .kind = number(Edge_::cargo), .to = what, .valid_from = day(from), .source = "log"};
  }
};

}  // namespace

TEST_CASE("a graph in memory answers as a naive one, in every version and snapshot") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    random_life<store::Memory>([](const std::string&) { return store::Memory(); }, "", seed, false);
  }
}

TEST_CASE("a graph in a file answers as a naive one, opened again and again") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const test::TemporaryFolder folder;
    random_life<store::Sqlite>([](const std::string& path) { return store::Sqlite(path); }, folder / "graph.db",
                               seed, true);
  }
}

TEST_CASE_FIXTURE(Fleet, "a later fact ends the one before, an earlier one that comes late is ended by it") {
  const EdgeId first = graph.supersede(carries(salt, 10)).edge;
  const Superseded second = graph.supersede(carries(rum, 20));
  CHECK(second.closed == std::vector<EdgeId>{first});
  CHECK(graph.edge_now(first)->valid_to == day(20));
  const Superseded late = graph.supersede(carries(rum, 5));
  CHECK(late.closed.empty());
  CHECK(graph.edge_now(late.edge)->valid_to == day(10));
  CHECK(graph.supersede(carries(rum, 25)).known);
  graph.commit("", day(30));
  const auto cargo = [&](int at) {
    const auto edges = graph.snapshot(day(at)).edges(gull, Direction::out);
    return edges.empty() ? no_node : edges[0].to;
  };
  CHECK(cargo(4) == no_node);
  CHECK(cargo(7) == rum);
  CHECK(cargo(15) == salt);
  CHECK(cargo(20) == rum);
}

TEST_CASE_FIXTURE(Fleet, "of two facts of the same instant the more confident counts, the other is disputed") {
  Edge weak = carries(salt, 10);
  weak.confidence = 0.4;
  const EdgeId first = graph.supersede(weak).edge;
  Edge strong = carries(rum, 10);
  strong.confidence = 0.9;
  CHECK(graph.supersede(strong).disputed == std::vector<EdgeId>{first});
  graph.commit("", day(30));
  const auto snapshot = graph.snapshot();
  REQUIRE(snapshot.edges(gull).size() == 1);
  CHECK(snapshot.edges(gull)[0].to == rum);
  CHECK(snapshot.statistics().disputed == 1);
  CHECK(snapshot.statistics().edges[number(Edge_::cargo)] == 2);
}

TEST_CASE_FIXTURE(Fleet, "statistics of a version say what came and went with it, and when nodes were used") {
  graph.commit("", day(1));
  CHECK(graph.snapshot().statistics().added == 3);
  CHECK(graph.snapshot().statistics().gone == 0);
  CHECK(graph.snapshot().statistics().middle_use == beginning);
  graph.erase(rum);
  graph.erase(salt);
  graph.put({.id = gull, .kind = number(Node_::ship), .name = "Grey Gull", .source = "log"});
  const NodeId tern = graph.put({.kind = number(Node_::ship), .name = "Tern", .source = "log"});
  graph.use(gull, day(2));
  graph.use(tern, day(4));
  graph.commit("", day(2));
  const GraphStatistics now = graph.snapshot().statistics();
  CHECK(now.added == 1);
  CHECK(now.gone == 2);
  CHECK(now.uses == 2);
  CHECK(now.middle_use == day(4));
  CHECK(graph.as_of(latest, {1}).statistics().added == 3);
}

TEST_CASE_FIXTURE(Fleet, "what a graph refuses changes nothing") {
  CHECK_THROWS_AS(graph.put({.kind = 4}), UnknownKind);
  CHECK_THROWS_AS(graph.put({.vector = {1, 2}}), BadVector);
  CHECK_THROWS_AS(graph.put({.vector = std::vector<float>(8)}), BadVector);
  CHECK_THROWS_AS(graph.put({.name = "\xFF"}), InvalidArgument);
  CHECK_THROWS_WITH_AS(graph.put({.id = {99}}), "node 99 was never given: leave the id out for a new node",
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(graph.link({.from = gull, .kind = 1, .to = {77}}),
                       "an edge of the kind 'cargo' reaches node 77, which is not there: put the node first",
                       DanglingEdge);
  CHECK_THROWS_WITH_AS(graph.link({.from = salt, .kind = 1, .to = rum}),
                       "an edge of the kind 'cargo' leaves node 1, a 'fact': the schema connects others so",
                       InvalidArgument);
  CHECK_THROWS_AS(graph.link({.from = gull, .kind = 9, .to = rum}), UnknownKind);
  graph.link(carries(salt, 10));
  CHECK_THROWS_WITH_AS(
      graph.link(carries(rum, 20)),
      "edge 0 of the kind 'cargo' holds at the same time, and a node has one of them: supersede ends it",
      InvalidArgument);
  CHECK_THROWS_AS(graph.supersede({.from = gull, .kind = number(Edge_::mentions), .to = rum}), InvalidArgument);
  graph.commit("", day(1));
  CHECK(graph.snapshot().statistics().edges[number(Edge_::cargo)] == 1);
  CHECK_THROWS_AS(graph.rollback({7}, day(1)), InvalidArgument);
  CHECK_THROWS_AS(graph.as_of(latest, {7}), InvalidArgument);
}

TEST_CASE("a full graph says of what, and holds what it held") {
  backend::Arena arena(0, 1_GiB);
  const KnowledgeLimits tiny{.nodes = 4, .dim = 8, .edges = 2, .text = Bytes{64}, .names = 3};
  Graph<store::Memory> graph(arena, tiny);
  for (int i = 0; i < 4; ++i) graph.put({.kind = 0, .name = i < 3 ? "s" : ""});
  graph.put({.kind = 3});
  CHECK_THROWS_WITH_AS(
      graph.commit("", day(1)),
      "the graph has room for 4 more values of nodes, not for 5: make its limits larger, or let it evict",
      KnowledgeFull);
  CHECK(graph.erase(NodeId{4}));
  CHECK(graph.commit("", day(1)).value == 1);
  graph.put({.id = {0}, .kind = 0, .name = "t"});
  CHECK_THROWS_AS(graph.commit("", day(2)), KnowledgeFull);
  CHECK(graph.store().versions().size() == 1);
  graph.discard();
  CHECK(graph.commit("", day(2)).value == 1);
}

TEST_CASE("texts and rows that no version has make room again") {
  backend::Arena arena(0, 1_GiB);
  Graph<store::Memory> graph(arena, {.nodes = 16, .dim = 8, .edges = 16, .text = Bytes{400}});
  const NodeId id = graph.put({.kind = 0, .name = "ship"});
  const NodeId port = graph.put({.kind = 1});
  for (int i = 0; i < 200; ++i) {
    graph.put(
        {.id = id, .kind = 0, .name = "ship", .text = std::string(static_cast<std::size_t>(20 + i % 9), 'x')});
    const EdgeId edge = graph.link({.from = id, .kind = 0, .to = port, .source = "log " + std::to_string(i)});
    graph.commit("", day(i));
    CHECK(graph.snapshot().edges(id).back().source == "log " + std::to_string(i));
    graph.erase(edge);
  }
  CHECK(graph.snapshot().node(id)->text == std::string(20 + 199 % 9, 'x'));
  CHECK(graph.snapshot().find("SHIP") == std::vector<NodeId>{id});
}

TEST_CASE("words of a version are found, not those of later ones") {
  backend::Arena arena(0, 1_GiB);
  Graph<store::Memory> graph(arena, small);
  const NodeId a = graph.put({.kind = 3, .text = "the gull carries salt"});
  const NodeId b = graph.put({.kind = 3, .text = "the heron carries rum"});
  graph.commit("", day(1));
  const auto before = graph.snapshot();
  graph.put({.id = a, .kind = 3, .text = "the gull carries nothing"});
  graph.commit("", day(2));
  const auto first = [](const auto& snapshot, const std::string& text) {
    const auto hits = snapshot.words(text, 3, snapshot.select());
    return hits.empty() ? no_node : hits[0].id;
  };
  CHECK(first(before, "salt?") == a);
  CHECK(first(graph.snapshot(), "salt?") == no_node);
  CHECK(first(graph.snapshot(), "carrying RUM") == b);
  CHECK(first(before, "nothing") == no_node);
}

TEST_CASE("a graph refuses another encoder, another width, another schema") {
  const test::TemporaryFolder folder;
  backend::Arena arena(0, 1_GiB);
  {
    Graph<store::Sqlite> graph(arena, small, store::Sqlite(folder / "a.db"),
                               parallel::ExecutionRef(index::detail::on_the_caller), {.encoder = 5});
    graph.put({.kind = 0});
    graph.commit("", day(1));
  }
  const auto open = [&](KnowledgeLimits limits, std::uint64_t encoder) {
    Graph<store::Sqlite> graph(arena, limits, store::Sqlite(folder / "a.db"),
                               parallel::ExecutionRef(index::detail::on_the_caller), {.encoder = encoder});
  };
  CHECK_NOTHROW(open(small, 5));
  CHECK_THROWS_AS(open(small, 6), EncoderMismatch);
  KnowledgeLimits wide = small;
  wide.dim = 9;
  CHECK_THROWS_AS(open(wide, 5), EncoderMismatch);
}

TEST_CASE("uses are counted, and kept") {
  const test::TemporaryFolder folder;
  backend::Arena arena(0, 1_GiB);
  {
    Graph<store::Sqlite> graph(arena, small, store::Sqlite(folder / "a.db"));
    const NodeId id = graph.put({.kind = 0});
    graph.use(id, day(1));
    graph.commit("", day(1));
    graph.use(id, day(2));
    graph.use(id, day(3));
    graph.commit("", day(3));
    CHECK(graph.snapshot().use(id).count == 3);
    CHECK(graph.versions().size() == 1);
  }
  Graph<store::Sqlite> graph(arena, small, store::Sqlite(folder / "a.db"));
  CHECK(graph.snapshot().use({0}) == Use{{0}, 3, day(3)});
}

TEST_CASE("readers see whole versions while one writer commits") {
  backend::Arena arena(0, 1_GiB);
  Graph<store::Memory> graph(arena, small);
  std::vector<NodeId> ships;
  const NodeId port = graph.put({.kind = number(Node_::port), .name = "port"});
  for (int i = 0; i < 20; ++i)
    ships.push_back(graph.put({.kind = 0, .name = "gull", .text = "0", .vector = std::vector<float>(8, 1.0F)}));
  graph.commit("", day(0));
  std::atomic<bool> done = false;
  std::atomic<int> bad = 0;
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (!done) {
        const auto snapshot = graph.snapshot();
        const std::string text = snapshot.node(ships[0])->text;
        for (const NodeId id : ships) bad += snapshot.node(id)->text == text ? 0 : 1;
        bad += snapshot.find("Gull").size() == ships.size() ? 0 : 1;
        bad += snapshot.neighbours(port).size() == (text == "0" ? 0 : ships.size()) ? 0 : 1;
        const std::vector<float> query(8, 1.0F);
        bad +=
            snapshot.search(View<const float>(query), 30, snapshot.select()).hits.size() == ships.size() ? 0 : 1;
      }
    });
  }
  for (int i = 1; i <= 60; ++i) {
    for (const NodeId id : ships) {
      Node node = *graph.node_now(id);
      node.text = std::to_string(i);
      graph.put(node);
      if (i == 1) graph.link({.from = id, .kind = number(Edge_::visits), .to = port});
    }
    graph.commit("", day(i));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(bad == 0);
}

TEST_CASE("clusters of nodes keep their ids while the graph changes") {
  backend::Arena arena(0, 1_GiB);
  Graph<store::Memory> graph(arena, small);
  std::vector<NodeId> nodes;
  for (int i = 0; i < 12; ++i) nodes.push_back(graph.put({.kind = number(Node_::note)}));
  const auto connect = [&](int first, int last) {
    for (int a = first; a < last; ++a) {
      for (int b = a + 1; b < last; ++b) {
        graph.link({.from = nodes[static_cast<std::size_t>(a)],
                    .kind = number(Edge_::mentions),
                    .to = nodes[static_cast<std::size_t>(b)]});
      }
    }
  };
  connect(0, 5);
  connect(5, 10);
  graph.link({.from = nodes[4], .kind = number(Edge_::mentions), .to = nodes[5], .weight = 0.1});
  graph.commit("", day(1));
  const NodeClusters first = graph.snapshot().clusters();
  REQUIRE(first.levels() >= 1);
  CHECK(first.count(0) == 2);
  CHECK(first.of(nodes[0], 0) == first.of(nodes[4], 0));
  CHECK(first.of(nodes[5], 0) != first.of(nodes[4], 0));
  CHECK(first.of(nodes[11], 0) == no_cluster);
  CHECK(first.members(0).at(first.of(nodes[7], 0)).size() == 5);
  graph.erase(nodes[0]);  // its place goes to another node
  for (int i = 0; i < 6; ++i) graph.commit("", day(i));
  const NodeId fresh = graph.put({.kind = number(Node_::note)});
  graph.link({.from = fresh, .kind = number(Edge_::mentions), .to = nodes[7]});
  graph.commit("", day(9));
  const NodeClusters second = graph.snapshot().clusters(first);
  CHECK(second.of(nodes[1], 0) == first.of(nodes[1], 0));
  CHECK(second.of(nodes[7], 0) == first.of(nodes[7], 0));
  CHECK(second.of(fresh, 0) == first.of(nodes[7], 0));
}

TEST_CASE("words of what was rolled back are found, also when the file is opened again") {
  const test::TemporaryFolder folder;
  backend::Arena arena(0, 1_GiB);
  const auto count = [](const Graph<store::Sqlite>& graph) {
    const auto snapshot = graph.snapshot();
    return snapshot.words("salt", 3, snapshot.select()).size();
  };
  {
    Graph<store::Sqlite> graph(arena, small, store::Sqlite(folder / "a.db"));
    const NodeId id = graph.put({.kind = 3, .text = "salt"});
    graph.commit("", day(1));
    graph.put({.id = id, .kind = 3, .text = "rum"});
    graph.commit("", day(2));
    CHECK(count(graph) == 0);
    graph.rollback({1}, day(3));
    CHECK(count(graph) == 1);
    for (int i = 0; i < 6; ++i) {
      graph.put({.kind = 3, .text = "other " + std::to_string(i)});
      graph.commit("", day(4 + i));
    }
    CHECK(count(graph) == 1);
  }
  const Graph<store::Sqlite> graph(arena, small, store::Sqlite(folder / "a.db"));
  CHECK(count(graph) == 1);
}

TEST_CASE_FIXTURE(Fleet, "what has ended is not lengthened, and what can't be kept ends nothing") {
  Edge weak = carries(salt, 10);
  weak.confidence = 0.9;
  const EdgeId first = graph.supersede(weak).edge;
  Edge other = carries(rum, 10);
  other.confidence = 0.5;
  graph.supersede(other);
  CHECK(graph.close(first, day(15)));
  const NodeId tar = graph.put({.kind = number(Node_::fact), .text = "tar"});
  graph.supersede(carries(tar, 20));
  CHECK(graph.edge_now(first)->valid_to == day(15));
  Edge wrong = carries(salt, 30);
  wrong.weight = 0;
  CHECK_THROWS_AS(graph.supersede(wrong), InvalidArgument);
  graph.commit("", day(1));
  CHECK(graph.snapshot(day(40)).edges(gull)[0].to == tar);
}
