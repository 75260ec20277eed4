// Vector indexes beside others' on the same vectors in the same run: exact search beside FAISS and OpenBLAS's sgemm,
// one query beside the read bandwidth, graphs at equal recall beside hnswlib alone, and filters.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "asterism/backend/arena.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/machine/read_bandwidth.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/simd/level.hpp"

#include "float_products.hpp"
#include "index_peers.hpp"
#include "support/other_load.hpp"
#include "support/vectors.hpp"

namespace {

using namespace asterism;
using knowledge::Effort;
using knowledge::Filter;
using knowledge::Hit;

constexpr std::size_t batch = 64;
constexpr std::size_t k = benchmarks::hits;

struct Arguments {
  std::size_t threads = parallel::Threads::default_threads();
  std::size_t rows = benchmarks::rows;
  std::size_t rounds = 7;
  double seconds = 0.2;
};

struct Contender {
  std::string name;
  std::function<void(std::size_t turn)> call;
  double work = 0;  ///< floating-point operations or bytes of a call
  double recall = 1;
  std::vector<double> seconds{};  ///< of a call, by round
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[values.size() / 2] + values[(values.size() - 1) / 2]) / 2;
}

/// All take turns in each round, before which something else may be measured; the first call of each is not counted.
void take_turns(
    std::vector<Contender>& contenders, const Arguments& arguments,
    const std::function<void()>& before_round = [] {}) {
  using Clock = std::chrono::steady_clock;
  for (Contender& one : contenders) one.call(0);
  for (std::size_t round = 0; round < arguments.rounds; ++round) {
    before_round();
    for (Contender& one : contenders) {
      const auto start = Clock::now();
      double passed = 0;
      std::size_t calls = 0;
      while (calls == 0 || passed < arguments.seconds) {
        one.call(calls++);
        passed = std::chrono::duration<double>(Clock::now() - start).count();
      }
      one.seconds.push_back(passed / static_cast<double>(calls));
    }
  }
}

/// "times": the median over the rounds of a contender's seconds by the first one's.
std::string table(const std::string& title, const std::vector<Contender>& contenders, const char* unit,
                  double of_work) {
  std::string text = concat("\n", pad_right(title, 30));
  for (const char* column : {"ms", "min", "max"}) text += pad_left(column, 9);
  text += concat(pad_left(unit, 9), pad_left("times", 7), pad_left("recall", 7), "\n");
  for (const Contender& one : contenders) {
    const auto [least, most] = std::minmax_element(one.seconds.begin(), one.seconds.end());
    std::vector<double> ratios;
    for (std::size_t i = 0; i < one.seconds.size(); ++i) {
      ratios.push_back(one.seconds[i] / contenders[0].seconds[i]);
    }
    text += concat(pad_right("  " + one.name, 30), pad_left(fixed(1e3 * median(one.seconds), 3), 9),
                   pad_left(fixed(1e3 * *least, 3), 9), pad_left(fixed(1e3 * *most, 3), 9),
                   pad_left(one.work == 0 ? "" : fixed(one.work / median(one.seconds) / of_work, 2), 9),
                   pad_left(fixed(median(ratios), 2), 7), pad_left(fixed(one.recall, 3), 7), "\n");
  }
  return text;
}

/// Share of the wanted ids of each query that were found.
template <class IdOf>
double share_of(const std::vector<Hit>& wanted, IdOf&& id_of) {
  std::size_t same = 0;
  std::size_t all = 0;  // where a filter allows fewer than k, not all places are taken
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].id == knowledge::no_node) continue;
    ++all;
    for (std::size_t j = i / k * k; j < i / k * k + k; ++j) same += id_of(j) == wanted[i].id.value ? 1 : 0;
  }
  return all == 0 ? 1 : static_cast<double>(same) / static_cast<double>(all);
}
double recall_of(const std::vector<Hit>& wanted, const std::vector<Hit>& found) {
  return share_of(wanted, [&](std::size_t i) { return found[i].id.value; });
}

/// Flat indexes over the vectors, with 64 queries.
struct Scene {
  Scene(const Arguments& arguments, bool clusters, parallel::Threads& threads)
      : limits{.dim = benchmarks::dim, .rows = static_cast<std::uint32_t>(arguments.rows)},
        floats(arena, limits, parallel::ExecutionRef(threads)),
        codes(arena, limits, parallel::ExecutionRef(threads)),
        queries(index::unit_queries(benchmarks::dim, benchmarks::dim,
                                    benchmarks::view(benchmarks::vectors(batch, clusters, 99)), 1,
                                    MatrixView<const Hit>(nullptr, batch, 1))) {
    benchmarks::fill(floats, arguments.rows, clusters);
    benchmarks::fill(codes, arguments.rows, clusters);
    wanted = benchmarks::search(floats, all());
  }
  peers::Units all() const { return benchmarks::view(queries); }
  peers::Units one(std::size_t turn) const { return all().rows_at(turn % batch, 1); }
  peers::Units units() const { return {floats.rows().row(0).data, floats.size(), benchmarks::dim}; }

  backend::Arena arena{0, 16_GiB};
  knowledge::IndexLimits limits;
  index::Flat<quant::Float32> floats;
  index::Flat<quant::Int8<32>> codes;
  std::vector<float> queries;
  std::vector<Hit> wanted{};  ///< of all queries, exactly
};

/// Refuses a contender that finds something else: scores that are equal but for rounding may change places.
void check(const Contender& one, double least) {
  if (one.recall >= least) return;
  throw NumericError(concat(one.name, ": recall ", one.recall, ", at least ", least, " is expected"));
}

Contender faiss_contender(const peers::ExactPeer& peer, const Scene& scene, bool together, double work) {
  std::vector<std::int64_t> ids;
  peer.search(scene.all(), k, ids);
  Contender one{peer.name,
                [peer, &scene, together, ids](std::size_t turn) mutable {
                  peer.search(together ? scene.all() : scene.one(turn), k, ids);
                },
                work};
  one.recall = share_of(scene.wanted, [&](std::size_t i) { return static_cast<std::uint32_t>(ids[i]); });
  check(one, 0.99);
  return one;
}

void exact_search(const Arguments& arguments, bool clusters, parallel::Threads& threads) {
  const Scene scene(arguments, clusters, threads);
  const char* kind = clusters ? "clustered" : "random";
  const double flop = 2.0 * static_cast<double>(batch * arguments.rows * benchmarks::dim);
  const double bytes = 4.0 * static_cast<double>(arguments.rows * benchmarks::dim);
  const std::vector<peers::ExactPeer> faiss = peers::faiss_flat(scene.units(), arguments.threads);

  std::vector<Contender> together{
      {"asterism Flat<Float32>", [&](std::size_t) { benchmarks::search(scene.floats, scene.all()); }, flop}};
  for (const peers::ExactPeer& peer : faiss) together.push_back(faiss_contender(peer, scene, true, flop));
  std::vector<float> scores(batch * arguments.rows);
  for (const peers::Peer& peer : peers::openblas(arguments.threads)) {
    if (peer.name != "openblas") continue;
    together.push_back({"openblas sgemm, no choice",
                        [&, peer](std::size_t) {
                          peer.product({scene.units().data, scene.queries.data(), scores.data(), batch,
                                        arguments.rows, benchmarks::dim},
                                       {});
                        },
                        flop});
  }
  take_turns(together, arguments);
  std::cout << table(concat(kind, ", 64 queries"), together, "GFLOP/s", 1e9);

  std::vector<Contender> alone{
      {"asterism Flat<Float32>", [&](std::size_t turn) { benchmarks::search(scene.floats, scene.one(turn)); },
       bytes},
      {"asterism Flat<Int8<32>>", [&](std::size_t turn) { benchmarks::search(scene.codes, scene.one(turn)); },
       1.0625 / 4 * bytes, recall_of(scene.wanted, benchmarks::search(scene.codes, scene.all()))}};
  check(alone[1], 0.9);
  for (const peers::ExactPeer& peer : faiss) alone.push_back(faiss_contender(peer, scene, false, bytes));
  const std::vector<std::uint64_t> words(std::max<std::size_t>(arguments.rows * benchmarks::dim / 2, 1U << 21U));
  double read = 0;
  take_turns(alone, arguments,
             [&] { read = std::max(read, machines::read_bandwidth(View<const std::uint64_t>(words), threads)); });
  std::cout << table(concat(kind, ", one query"), alone, "of read", read) << "  read bandwidth "
            << fixed(read / 1e9, 2) << " GB/s\n";
}

/// The least ef of 10, 14, 20, 28 ... at which a graph has this recall, if there is one; sets the recall that it has.
std::optional<std::size_t> ef_for(const peers::GraphPeer& graph, const Scene& scene, double wanted,
                                  double& recall) {
  for (std::size_t ef = k; ef <= 2000; ef = ef * 7 / 5) {
    recall = recall_of(scene.wanted, graph.search(scene.all(), ef, {}));
    if (recall >= wanted) return ef;
  }
  return std::nullopt;
}

Filter some_of(std::size_t rows, std::uint64_t of_1000) {
  Random random(3);
  Filter filter = Filter::none();
  for (std::uint32_t id = 0; id < rows; ++id) {
    if (random.below(1000) < of_1000) filter.allow({id});
  }
  return filter;
}

void graphs_and_filters(const Arguments& arguments, parallel::Threads& threads) {
  const Scene scene(arguments, true, threads);
  std::vector<peers::GraphPeer> graphs = peers::watched_graph(arguments.rows, threads);
  for (peers::GraphPeer& bare : peers::bare_graph(scene.units(), threads)) graphs.push_back(std::move(bare));
  std::cout << "\n";
  for (const peers::GraphPeer& graph : graphs) {
    std::cout << "  " << pad_right(graph.name, 28) << "built in " << fixed(graph.built_in, 1) << " s; "
              << graph.what << "\n";
  }
  for (const double wanted : {0.9, 0.95, 0.99}) {
    std::vector<Contender> contenders;
    for (const peers::GraphPeer& graph : graphs) {
      double recall = 0;
      const std::optional<std::size_t> ef = ef_for(graph, scene, wanted, recall);
      if (!ef) continue;
      contenders.push_back({concat(graph.name, ", ef ", *ef),
                            [&, ef](std::size_t turn) { graph.search(scene.one(turn), *ef, {}); }, 0, recall});
    }
    if (contenders.empty()) continue;
    take_turns(contenders, arguments);
    std::cout << table(concat("recall ", wanted, ", one query"), contenders, "", 1);
  }
  for (const std::uint64_t share : {1, 10, 100, 500}) {
    const Filter filter = some_of(arguments.rows, share);
    const std::vector<Hit> best = benchmarks::search(scene.floats, scene.all(), filter, Effort::exact());
    const auto recall = [&](const std::vector<Hit>& hits) { return recall_of(best, hits); };
    std::vector<Contender> contenders{
        {"Flat<Float32>, all", [&](std::size_t turn) { benchmarks::search(scene.floats, scene.one(turn)); }},
        {"Flat<Float32>", [&](std::size_t turn) { benchmarks::search(scene.floats, scene.one(turn), filter); }},
        {"Flat<Int8<32>>", [&](std::size_t turn) { benchmarks::search(scene.codes, scene.one(turn), filter); }, 0,
         recall(benchmarks::search(scene.codes, scene.all(), filter))}};
    for (const peers::GraphPeer& graph : graphs) {
      if (!graph.filters) continue;
      contenders.push_back({concat(graph.name, ", ef 64"),
                            [&](std::size_t turn) { graph.search(scene.one(turn), 64, filter); }, 0,
                            recall(graph.search(scene.all(), 64, filter))});
    }
    take_turns(contenders, arguments);
    std::cout << table(concat("filter of ", fixed(0.1 * static_cast<double>(share), 1), " %, one query"),
                       contenders, "", 1);
  }
}

int run(const Arguments& arguments) {
  parallel::Threads threads(arguments.threads);
  const benchmarks::OtherLoad load;
  std::cout << arguments.rows << " vectors of " << benchmarks::dim << " numbers, the " << k << " best, "
            << arguments.threads << " threads, " << arguments.rounds << " rounds;\nasterism on "
            << simd::name(simd::level()) << "\n";
  const std::vector<float> one(benchmarks::dim, 1);
  for (const peers::ExactPeer& peer : peers::faiss_flat({one.data(), 1, benchmarks::dim}, arguments.threads)) {
    std::cout << "  " << peer.name << ": " << peer.what << "\n";
  }
  for (const peers::Peer& peer : peers::openblas(arguments.threads)) {
    if (peer.name == "openblas") std::cout << "  " << peer.name << ": " << peer.what << "\n";
  }
  exact_search(arguments, false, threads);
  exact_search(arguments, true, threads);
  graphs_and_filters(arguments, threads);
  const double others = load.cores();
  if (others > 0.1) {
    std::cout << "\nThe machine was not quiet: others used " << fixed(others, 1) << " cores meanwhile.\n";
  }
  return std::cout.flush() ? 0 : 1;
}

int parse_and_run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app(
      "Measures searches for the 10 best of 100 000 vectors of 512 numbers, random and clustered: 64 exact "
      "queries\n"
      "beside FAISS' IndexFlatIP and the matrix of scores alone by OpenBLAS; one query beside the read "
      "bandwidth;\n"
      "graphs beside hnswlib alone, each with the least ef that has the recall; filters. All of a table take "
      "turns\n"
      "in every round; \"times\" is the median of the rounds' ratios to its first line.");
  app.footer(
      "FAISS computes batches with the BLAS that the program is linked with: OpenBLAS where that is found.\n"
      "OPENBLAS_CORETYPE and ASTERISM_SIMD choose kernels. Graphs are built once each, which takes minutes.\n"
      "Needs 2 GiB of memory and a quiet machine.");
  app.add_option("--threads", arguments.threads, "Threads; by default one for each core")
      ->check(CLI::Range(1, 1024));
  app.add_option("--rows", arguments.rows, "Vectors")->check(CLI::Range(1000, 1'000'000))->capture_default_str();
  app.add_option("--rounds", arguments.rounds, "Rounds")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--seconds", arguments.seconds, "Time of each contender in each round")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return run(arguments);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    std::cout << std::flush;
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
