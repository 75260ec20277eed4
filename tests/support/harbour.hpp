// A small schema for tests: what is known of a harbour.
#pragma once

#include <cstdint>
#include <string_view>

#include "asterism/knowledge/schema.hpp"

namespace asterism::test {

struct Harbour {
  enum class NodeKind : std::uint16_t { ship, port, fact, note };
  enum class EdgeKind : std::uint16_t { visits, cargo, length, mentions };
  static constexpr std::size_t node_kinds = 4;
  static constexpr std::size_t edge_kinds = 4;

  static constexpr std::string_view name_of(NodeKind kind) {
    constexpr std::string_view names[] = {"ship", "port", "fact", "note"};
    return names[knowledge::number(kind)];
  }
  static constexpr std::string_view name_of(EdgeKind kind) {
    constexpr std::string_view names[] = {"visits", "cargo", "length", "mentions"};
    return names[knowledge::number(kind)];
  }
  static constexpr knowledge::Ends ends(EdgeKind kind) {
    using knowledge::kinds;
    if (kind == EdgeKind::visits) return {kinds(NodeKind::ship), kinds(NodeKind::port)};
    if (kind == EdgeKind::mentions) return {};
    return {kinds(NodeKind::ship), kinds(NodeKind::fact)};
  }
  static constexpr bool functional(EdgeKind kind) { return kind == EdgeKind::cargo || kind == EdgeKind::length; }
  static constexpr bool mergeable(NodeKind kind) { return kind == NodeKind::note; }
};

static_assert(knowledge::GraphSchema<Harbour>);

}  // namespace asterism::test
