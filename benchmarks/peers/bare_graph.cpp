// hnswlib alone, with its vector code. Its namespace gets another name here: index::Hnsw, in the same program, compiles
// the same templates without that code.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#define hnswlib bare_hnswlib
#include <hnswlib/hnswlib.h>

#include "index_peers.hpp"
#include "support/vectors.hpp"

namespace {

using namespace asterism;

struct Filled {
  explicit Filled(peers::Units units) : space(units.cols), graph(&space, units.rows, 16, 200, 100) {
    for (std::size_t row = 0; row < units.rows; ++row) graph.addPoint(units.row(row).data, row);
  }
  hnswlib::InnerProductSpace space;
  hnswlib::HierarchicalNSW<float> graph;
};

}  // namespace

std::vector<peers::GraphPeer> peers::bare_graph(Units units, parallel::Threads& threads) {
  const auto start = std::chrono::steady_clock::now();
  const auto filled = std::make_shared<Filled>(units);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {{"hnswlib alone", "a query a task of the program's threads", seconds,
           [filled, &threads](Units queries, std::size_t ef, const knowledge::Filter&) {
             constexpr std::size_t k = benchmarks::hits;
             filled->graph.setEf(ef);
             std::vector<knowledge::Hit> hits(queries.rows * k);
             threads.for_each_task(queries.rows, [&](std::size_t q) {
               auto found = filled->graph.searchKnn(queries.row(q).data, k);
               for (std::size_t i = found.size(); i-- > 0; found.pop()) {
                 hits[q * k + i] = {{static_cast<std::uint32_t>(found.top().second)}, 1 - found.top().first};
               }
             });
             return hits;
           },
           false}};
}
