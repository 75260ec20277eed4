// Questions to a graph, and its clusters, over a random graph with communities: places of about 100 belong together, 10
// edges leave each, 8 of them to its own community, 2 to any place, to low ones more often: some have thousands.
//
// First argument: places. `edges` is how many were walked for one question. rank: 10 seeds. reachable: second argument
// hops. path: between two places at random, at most 3 edges. clusters: from nothing; again: from the last result, after
// 1000 edges were added; `modularity` of the coarsest level.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/clusters.hpp"
#include "asterism/knowledge/paths.hpp"
#include "asterism/knowledge/rank.hpp"

using namespace asterism;
using namespace asterism::knowledge;

namespace {

struct Ends {
  std::uint32_t from;
  std::uint32_t to;
};

/// Steps in compressed rows.
class Rows {
 public:
  Rows(std::size_t places, const std::vector<Ends>& edges, std::uint32_t Ends::*at, std::uint32_t Ends::*other)
      : first_(places + 1), steps_(edges.size()) {
    for (const Ends& ends : edges) ++first_[ends.*at + std::size_t{1}];
    for (std::size_t i = 1; i <= places; ++i) first_[i] += first_[i - 1];
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    for (std::uint32_t i = 0; i < edges.size(); ++i) steps_[next[edges[i].*at]++] = {edges[i].*other, {i}, 1};
  }
  View<const Step> row(std::uint32_t place) const {
    return {steps_.data() + first_[place], first_[place + std::size_t{1}] - first_[place]};
  }

 private:
  std::vector<std::size_t> first_;
  std::vector<Step> steps_;
};

class Graph {
 public:
  Graph(std::size_t places, const std::vector<Ends>& edges)
      : places_(places), out_(places, edges, &Ends::from, &Ends::to), in_(places, edges, &Ends::to, &Ends::from) {}
  std::size_t places() const { return places_; }
  std::size_t out_degree(std::uint32_t place) const { return out_.row(place).size; }
  template <class F>
  void for_each_out(std::uint32_t place, F&& f) const {
    for (const Step& step : out_.row(place)) f(step);
  }
  template <class F>
  void for_each_in(std::uint32_t place, F&& f) const {
    for (const Step& step : in_.row(place)) f(step);
  }

 private:
  std::size_t places_;
  Rows out_;
  Rows in_;
};

std::vector<Ends> edges_of(std::size_t places, std::size_t more) {
  Random random(1);
  std::vector<Ends> edges;
  for (std::size_t from = 0; from < places; ++from) {
    const std::size_t community = std::min(from / 100 * 100, places - 100);
    for (int i = 0; i < 10; ++i) {
      const double skewed = random.uniform();
      const double any = static_cast<double>(places) * skewed * skewed;
      const std::size_t to = i < 8 ? community + random.below(100) : static_cast<std::size_t>(any);
      edges.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)});
    }
  }
  for (std::size_t i = 0; i < more; ++i) {
    edges.push_back(
        {static_cast<std::uint32_t>(random.below(places)), static_cast<std::uint32_t>(random.below(places))});
  }
  return edges;
}

/// The last one that was asked for stays.
const Graph& graph_of(const benchmark::State& state, std::size_t more = 0) {
  static std::unique_ptr<Graph> last;
  static std::pair<std::size_t, std::size_t> of;
  const auto places = static_cast<std::size_t>(state.range(0));
  if (!last || of != std::pair(places, more)) {
    last.reset();
    last = std::make_unique<Graph>(places, edges_of(places, more));
    of = {places, more};
  }
  return *last;
}

std::uint32_t some_place(const Graph& graph, Random& random) {
  return static_cast<std::uint32_t>(random.below(graph.places()));
}

/// Counts the edges of all questions.
struct Count {
  std::size_t* edges;
  bool operator()(std::size_t walked) const {
    *edges += walked;
    return true;
  }
};
void report(benchmark::State& state, std::size_t edges) {
  state.counters["edges"] = benchmark::Counter(static_cast<double>(edges), benchmark::Counter::kAvgIterations);
}

void rank(benchmark::State& state) {
  const Graph& graph = graph_of(state);
  Random random(2);
  std::size_t edges = 0;
  for ([[maybe_unused]] auto _ : state) {
    std::vector<Seed> seeds(10);
    for (Seed& seed : seeds) seed.place = some_place(graph, random);
    benchmark::DoNotOptimize(
        personalized_page_rank(graph, View<const Seed>(seeds), {.count = 100}, Count{&edges}).open);
  }
  report(state, edges);
}

void reach(benchmark::State& state) {
  const Graph& graph = graph_of(state);
  const auto hops = static_cast<std::size_t>(state.range(1));
  Random random(3);
  std::size_t edges = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(
        reachable(graph, some_place(graph, random), hops, Direction::out, Count{&edges}).places.data());
  }
  report(state, edges);
}

void path(benchmark::State& state) {
  const Graph& graph = graph_of(state);
  Random random(4);
  std::size_t edges = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::uint32_t from = some_place(graph, random);
    benchmark::DoNotOptimize(shortest_path(graph, from, some_place(graph, random), 3, Count{&edges}).found);
  }
  report(state, edges);
}

void cluster(benchmark::State& state) {
  const Graph& graph = graph_of(state);
  Clusters last;
  for ([[maybe_unused]] auto _ : state) last = clusters(graph);
  state.counters["levels"] = static_cast<double>(last.levels.size());
  state.counters["modularity"] = last.levels.back().modularity;
}

void again(benchmark::State& state) {
  const Clusters before = clusters(graph_of(state));
  const Graph& graph = graph_of(state, 1000);
  Clusters last;
  for ([[maybe_unused]] auto _ : state) last = clusters(graph, before);
  state.counters["levels"] = static_cast<double>(last.levels.size());
  state.counters["modularity"] = last.levels.back().modularity;
}

constexpr std::int64_t sizes[] = {10'000, 1'000'000};

void by_size(benchmark::internal::Benchmark* question) {
  for (const std::int64_t places : sizes) question->Arg(places);
  question->UseRealTime()->Unit(benchmark::kMillisecond);
}
void by_hops(benchmark::internal::Benchmark* question) {
  for (const std::int64_t places : sizes) {
    for (const std::int64_t hops : {1, 2, 3}) question->Args({places, hops});
  }
  question->UseRealTime()->Unit(benchmark::kMillisecond);
}

BENCHMARK(rank)->Apply(by_size);
BENCHMARK(reach)->Apply(by_hops);
BENCHMARK(path)->Apply(by_size);
BENCHMARK(cluster)->Apply(by_size)->Iterations(1);
BENCHMARK(again)->Apply(by_size)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
