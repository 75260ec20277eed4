// index::Hnsw as a peer of hnswlib alone.
#include <chrono>
#include <memory>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/index/hnsw.hpp"

#include "index_peers.hpp"
#include "support/vectors.hpp"

namespace {

using namespace asterism;

struct Filled {
  Filled(std::size_t rows, parallel::Threads& threads)
      : index(arena, {.dim = benchmarks::dim, .rows = static_cast<std::uint32_t>(rows)},
              parallel::ExecutionRef(threads)) {
    benchmarks::fill(index, rows, true);
  }
  backend::Arena arena{0, 16_GiB};
  index::Hnsw<> index;
};

}  // namespace

std::vector<peers::GraphPeer> peers::watched_graph(std::size_t rows, parallel::Threads& threads) {
  const auto start = std::chrono::steady_clock::now();
  const auto filled = std::make_shared<Filled>(rows, threads);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {{"asterism Hnsw", concat("recall at its trial ", fixed(filled->index.recall(), 3)), seconds,
           [filled](Units queries, std::size_t ef, const knowledge::Filter& filter) {
             return benchmarks::search(filled->index, queries, filter,
                                       knowledge::Effort::of(static_cast<std::uint32_t>(ef)));
           },
           true}};
}
