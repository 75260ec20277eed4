// A model of knowledge::VectorIndex, and structs that each lack one member of it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/knowledge/concept.hpp"

namespace asterism::lacking::indexes {

using knowledge::NodeId;

struct Complete {
  std::size_t dim() const { return 1; }
  std::size_t size() const { return 0; }
  Bytes bytes() const { return {}; }
  void insert(View<const NodeId>, MatrixView<const float>) {}
  std::size_t erase(View<const NodeId>) { return 0; }
  knowledge::Searched search(MatrixView<const float>, std::size_t, const knowledge::Filter&, knowledge::Effort,
                             MatrixView<knowledge::Hit>) const {
    return {};
  }
};
// Each hides one member.
struct NoDim : Complete {
  int dim() const { return 1; }
};
struct NoSize : Complete {
  std::size_t size() { return 0; }
};
struct NoBytes : Complete {
  std::uint64_t bytes() const { return 0; }
};
struct NoInsert : Complete {
  void insert(View<const NodeId>) {}
};
struct NoErase : Complete {
  void erase(View<const NodeId>) {}
};
struct NoSearch : Complete {
  knowledge::Searched search(MatrixView<const float>, std::size_t) const { return {}; }
};

}  // namespace asterism::lacking::indexes
