// The contract of a store, which keeps a graph's rows, commit by commit.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/knowledge/records.hpp"

namespace asterism::knowledge {

/// What `for_each` calls.
struct RowVisitor {
  void operator()(const Node&, Lifetime) const {}
  void operator()(const Edge&, Lifetime) const {}
  void operator()(const Use&) const {}
};

namespace needs {

template <class S>
concept put = requires(S& store, const Node& node, const Edge& edge, const Use& use) {
  store.put(node);
  store.put(edge);
  store.put(use);
};

template <class S>
concept find = requires(const S& store, NodeId node, EdgeId edge) {
  { store.find(node) } -> std::same_as<std::optional<Node>>;
  { store.find(edge) } -> std::same_as<std::optional<Edge>>;
};

template <class S>
concept erase_row = requires(S& store, NodeId node, EdgeId edge) {
  { store.erase(node) } -> std::same_as<bool>;
  { store.erase(edge) } -> std::same_as<bool>;
};

template <class S>
concept property = requires(S& store, const S& kept, std::string_view key) {
  store.set_property(key, key);
  { kept.property(key) } -> std::same_as<std::optional<std::string>>;
};

template <class S>
concept commit = requires(S& store, std::string_view note, Time at) {
  { store.commit(note, at) } -> std::same_as<Version>;
  store.discard();
};

template <class S>
concept versions = requires(const S& store) {
  { store.versions() } -> std::same_as<std::vector<Commit>>;
};

template <class S>
concept rollback = requires(S& store, Version version, Time at) {
  { store.rollback(version, at) } -> std::same_as<Version>;
};

template <class S>
concept for_each = requires(const S& store) {
  store.for_each(RowVisitor{});
};

template <class S>
concept verify = requires(const S& store) {
  { store.verify() } -> std::same_as<std::vector<Damage>>;
};

}  // namespace needs

/// A store keeps nodes, edges and properties, and can go back to earlier commits. It knows no schema and follows no
/// edge; a graph does both in memory.
///
/// 1. `put(node)`, `put(edge)`: a known id gets the new value. Throws InvalidArgument for what `check` refuses.
///    `put(use)`: replaces the use of its node. `erase(id)`: false if there is none. `set_property(key, value)`.
/// 2. `find(id)`, `property(key)`: as the next commit would leave it.
/// 3. `commit(note, at)`: makes all changes since the last commit durable, or none: after an exception the store holds
///    the last version, and the changes still wait. Returns the new version; the last one, and writes no row, if
///    nothing but uses and properties differs from what is there. `discard()` forgets the changes.
/// 4. `versions()`: the last `kept_versions` commits, oldest first. `rollback(version, at)`, one of them: a new commit
///    on top of it with its nodes and edges; the commits between are gone, and so are changes that wait. Throws
///    InvalidArgument for another version.
/// 5. Uses and properties have no versions: they are what was last committed. The use of a node of which no kept
///    version has a value may be forgotten.
/// 6. `for_each(f)`: f(node, lifetime), then f(edge, lifetime), by id and creation, for rows of all kept versions, then
///    f(use), by node. What waits is not among them. `verify()`: what is damaged; empty if all is well.
/// 7. One thread at a time.
///
/// Models: store::Memory, store::Sqlite.
template <class S>
concept GraphStore = needs::put<S> && needs::find<S> && needs::erase_row<S> && needs::property<S> &&
    needs::commit<S> && needs::versions<S> && needs::rollback<S> && needs::for_each<S> && needs::verify<S>;

}  // namespace asterism::knowledge
