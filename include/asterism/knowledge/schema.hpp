// The contract of a schema: which kinds of nodes and edges a graph has.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace asterism::knowledge {

/// A set of kinds of nodes, as bits.
using KindSet = std::uint64_t;

inline constexpr KindSet any_kind = ~KindSet{0};
inline constexpr std::size_t most_kinds = 64;

/// The number of a kind, as nodes and edges keep it.
template <class Kind>
  requires std::is_enum_v<Kind>
constexpr std::uint16_t number(Kind kind) { return static_cast<std::uint16_t>(kind); }

/// The set of these kinds.
template <class... Kinds>
  requires(std::is_enum_v<Kinds>&&...)
constexpr KindSet kinds(Kinds... all) { return ((KindSet{1} << number(all)) | ... | KindSet{0}); }

/// The kinds of nodes that edges of one kind lead from, and to.
struct Ends {
  KindSet from = any_kind;
  KindSet to = any_kind;
};

namespace needs {

template <class S>
concept kinds = std::is_enum_v<typename S::NodeKind> && std::is_enum_v<typename S::EdgeKind> && requires {
  { S::node_kinds } -> std::convertible_to<std::size_t>;
  { S::edge_kinds } -> std::convertible_to<std::size_t>;
} && S::node_kinds <= most_kinds&& S::edge_kinds <= most_kinds;

template <class S>
concept names = requires(typename S::NodeKind node, typename S::EdgeKind edge) {
  { S::name_of(node) } -> std::same_as<std::string_view>;
  { S::name_of(edge) } -> std::same_as<std::string_view>;
};

template <class S>
concept ends = requires(typename S::EdgeKind kind) {
  { S::ends(kind) } -> std::same_as<Ends>;
};

template <class S>
concept functional = requires(typename S::EdgeKind kind) {
  { S::functional(kind) } -> std::same_as<bool>;
};

template <class S>
concept mergeable = requires(typename S::NodeKind kind) {
  { S::mergeable(kind) } -> std::same_as<bool>;
};

}  // namespace needs

/// A schema says which kinds of nodes and edges there are. All of it is static and constexpr.
///
/// 1. `NodeKind`, `EdgeKind`: enumerations whose values are 0 ... `node_kinds` - 1 and 0 ... `edge_kinds` - 1, at most
///    64 each. A file keeps the names; kinds may be added behind the others later.
/// 2. `name_of(kind)`: its name, other than the others'.
/// 3. `ends(edge kind)`: the kinds of nodes that it connects.
/// 4. `functional(edge kind)`: true if a node has at most one such edge at an instant: a card has one cost.
/// 5. `mergeable(node kind)`: true if two nodes that say the same may become one.
/// 6. `to_fact(edge kind)`, if there is one: true if the edge leads to a node that says something of its source, and is
///    true for as long as the edge holds. Without it functional edges do.
///
/// Models: one's own, and librarian::Facts.
template <class S>
concept GraphSchema =
    needs::kinds<S> && needs::names<S> && needs::ends<S> && needs::functional<S> && needs::mergeable<S>;

}  // namespace asterism::knowledge
