// A model of knowledge::GraphSchema, and structs that each lack one member of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "asterism/knowledge/schema.hpp"

namespace asterism::lacking::schemas {

struct Complete {
  enum class NodeKind : std::uint16_t { thing };
  enum class EdgeKind : std::uint16_t { near };
  static constexpr std::size_t node_kinds = 1;
  static constexpr std::size_t edge_kinds = 1;
  static constexpr std::string_view name_of(NodeKind) { return "thing"; }
  static constexpr std::string_view name_of(EdgeKind) { return "near"; }
  static constexpr knowledge::Ends ends(EdgeKind) { return {}; }
  static constexpr bool functional(EdgeKind) { return false; }
  static constexpr bool mergeable(NodeKind) { return false; }
};
// Each hides one member.
struct NoKinds : Complete {
  static constexpr std::size_t node_kinds = 65;
};
struct NoNames : Complete {
  static constexpr std::string_view name_of(NodeKind) { return "thing"; }
};
struct NoEnds : Complete {
  static constexpr int ends(EdgeKind) { return 0; }
};
struct NoFunctional : Complete {
  static constexpr int functional(EdgeKind) { return 0; }
};
struct NoMergeable : Complete {
  static constexpr bool mergeable(int) { return false; }
};

}  // namespace asterism::lacking::schemas
