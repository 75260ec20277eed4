// A model of knowledge::WalkPolicy, and a struct that lacks its one member.
#pragma once

#include <cstddef>

#include "asterism/core/view.hpp"
#include "asterism/knowledge/walk.hpp"

namespace asterism::lacking::walks {

struct Complete {
  template <knowledge::Adjacency A, knowledge::Meter M>
  knowledge::Ranking rank(const A& /*graph*/, View<const knowledge::Seed> /*seeds*/, std::size_t /*count*/,
                          M /*meter*/) const {
    return {};
  }
};
// Hides it.
struct NoRank : Complete {
  static int rank(int graph) { return graph; }
};

}  // namespace asterism::lacking::walks
