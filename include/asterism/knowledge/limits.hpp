// The sizes of a knowledge graph in memory, from which its bytes follow.
#pragma once

#include <cstdint>

#include "asterism/core/bytes.hpp"
#include "asterism/knowledge/index/limits.hpp"

namespace asterism::knowledge {

/// What a graph has room for. Values of kept versions and of living snapshots count beside the last one: a node that
/// was changed takes two rows until no version has the first.
struct KnowledgeLimits {
  std::uint32_t nodes = 100'000;    ///< rows of nodes, 1 to 2^31 - 1
  std::uint32_t dim = 512;          ///< numbers of a vector, 1 to 4096
  std::uint32_t edges = 1'000'000;  ///< rows of edges, 1 to 2^31 - 1
  Bytes text{64 << 20};             ///< of names, aliases, texts and sources
  std::uint32_t names = 0;          ///< names and aliases; 0: two a node

  constexpr std::uint32_t all_names() const { return names == 0 ? 2 * nodes : names; }
  constexpr IndexLimits index() const { return {.dim = dim, .rows = nodes}; }
};

}  // namespace asterism::knowledge
