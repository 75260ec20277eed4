// In place of faiss_flat.cpp where FAISS is absent.
#include <vector>

#include "index_peers.hpp"

std::vector<peers::ExactPeer> peers::faiss_flat(Units /*units*/, std::size_t /*threads*/) { return {}; }
