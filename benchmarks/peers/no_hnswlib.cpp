// In place of watched_graph.cpp and bare_graph.cpp where hnswlib is absent.
#include <vector>

#include "index_peers.hpp"

std::vector<peers::GraphPeer> peers::watched_graph(std::size_t /*rows*/,
                                                   asterism::parallel::Threads& /*threads*/) {
  return {};
}
std::vector<peers::GraphPeer> peers::bare_graph(Units /*units*/, asterism::parallel::Threads& /*threads*/) {
  return {};
}
