// What others do with the same vectors: exact search by FAISS, and graphs of links. Each may be absent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/knowledge/types.hpp"
#include "asterism/parallel/threads.hpp"

namespace peers {

/// Unit rows (rows, dim), dense; the id of a row is its number.
using Units = asterism::MatrixView<const float>;

/// The ids of the k nearest of each unit query, best first, row after row.
struct ExactPeer {
  std::string name;
  std::string what;  ///< for people: version, instruction set, whose threads
  std::function<void(Units queries, std::size_t k, std::vector<std::int64_t>& ids)> search;
};

/// FAISS' IndexFlatIP over a copy of the units on so many threads of its own; empty where the program was built without
/// FAISS.
std::vector<ExactPeer> faiss_flat(Units units, std::size_t threads);

/// A graph with M = 16 and ef_construction = 200 over clustered vectors (support/vectors.hpp).
struct GraphPeer {
  std::string name;
  std::string what;
  double built_in;  ///< seconds
  /// Hits of each query, row after row, on the program's threads; with a filter if `filters`.
  std::function<std::vector<asterism::knowledge::Hit>(Units queries, std::size_t ef,
                                                      const asterism::knowledge::Filter& filter)>
      search;
  bool filters;
};

/// index::Hnsw; empty where the program was built without hnswlib.
std::vector<GraphPeer> watched_graph(std::size_t rows, asterism::parallel::Threads& threads);
/// hnswlib alone, with the vector code of its own; empty likewise.
std::vector<GraphPeer> bare_graph(Units units, asterism::parallel::Threads& threads);

}  // namespace peers
