// The schema of a memory that nobody made another one for: things, what is said of them, and what was asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/knowledge/schema.hpp"

namespace asterism::librarian {

/// Models GraphSchema.
struct Facts {
  enum class NodeKind : std::uint16_t {
    thing,    ///< has names
    fact,     ///< has a text
    question  ///< that was answered
  };
  enum class EdgeKind : std::uint16_t {
    related,  ///< from thing to thing
    says,     ///< from a thing to a fact about it
    is_now,   ///< the same, of which one holds at a time
    used      ///< from a question to what served it
  };
  static constexpr std::size_t node_kinds = 3;
  static constexpr std::size_t edge_kinds = 4;

  static constexpr std::string_view name_of(NodeKind kind) {
    constexpr std::string_view names[node_kinds] = {"thing", "fact", "question"};
    return names[knowledge::number(kind)];
  }
  static constexpr std::string_view name_of(EdgeKind kind) {
    constexpr std::string_view names[edge_kinds] = {"related", "says", "is_now", "used"};
    return names[knowledge::number(kind)];
  }
  static constexpr knowledge::Ends ends(EdgeKind kind) {
    using knowledge::kinds;
    if (kind == EdgeKind::related) return {kinds(NodeKind::thing), kinds(NodeKind::thing)};
    if (kind == EdgeKind::used) return {kinds(NodeKind::question), kinds(NodeKind::thing, NodeKind::fact)};
    return {kinds(NodeKind::thing), kinds(NodeKind::fact)};
  }
  static constexpr bool functional(EdgeKind kind) { return kind == EdgeKind::is_now; }
  static constexpr bool to_fact(EdgeKind kind) { return kind == EdgeKind::is_now || kind == EdgeKind::says; }
  static constexpr bool mergeable(NodeKind kind) { return kind == NodeKind::fact; }

  // What the librarian needs for experience.
  static constexpr NodeKind question_kind = NodeKind::question;
  static constexpr EdgeKind used_kind = EdgeKind::used;
};

static_assert(knowledge::GraphSchema<Facts>);

}  // namespace asterism::librarian
