// What was put and erased since the last commit.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/records.hpp"

namespace asterism::store {

/// Throws InvalidArgument for `no_node`, a confidence outside [0, 1], a weight that is not above 0 and finite, vectors
/// with NaN or infinity, aliases that are not ascending, text with a NUL.
void check(const knowledge::Node& node);
/// The same of an edge, and for an interval that is empty.
void check(const knowledge::Edge& edge);
/// Throws InvalidArgument for `no_node`.
void check(const knowledge::Use& use);

/// The last change of each id; an erased one has no value. By id.
class Changes {
 public:
  template <class Record>
  using Map = std::map<decltype(Record::id), std::optional<Record>>;

  void put(knowledge::Node node) { put_checked(nodes_, std::move(node)); }
  void put(knowledge::Edge edge) { put_checked(edges_, std::move(edge)); }
  void put(knowledge::Use use) {
    check(use);
    uses_[use.node] = use;
  }
  void erase(knowledge::NodeId id) { nodes_[id].reset(); }
  void erase(knowledge::EdgeId id) { edges_[id].reset(); }
  void set_property(std::string_view key, std::string_view value) { properties_[std::string(key)] = value; }
  void clear() { *this = {}; }

  const Map<knowledge::Node>& nodes() const { return nodes_; }
  const Map<knowledge::Edge>& edges() const { return edges_; }
  const std::map<knowledge::NodeId, knowledge::Use>& uses() const { return uses_; }
  const std::map<std::string, std::string, std::less<>>& properties() const { return properties_; }

  /// The change of this id, null if there is none.
  const std::optional<knowledge::Node>* of(knowledge::NodeId id) const { return in(nodes_, id); }
  const std::optional<knowledge::Edge>* of(knowledge::EdgeId id) const { return in(edges_, id); }
  const std::string* of(std::string_view key) const {
    const auto at = properties_.find(key);
    return at == properties_.end() ? nullptr : &at->second;
  }

 private:
  template <class Record>
  static void put_checked(Map<Record>& map, Record record) {
    check(record);
    const auto id = record.id;
    map[id] = std::move(record);
  }
  template <class Map, class Id>
  static const typename Map::mapped_type* in(const Map& map, Id id) {
    const auto at = map.find(id);
    return at == map.end() ? nullptr : &at->second;
  }

  Map<knowledge::Node> nodes_{};
  Map<knowledge::Edge> edges_{};
  std::map<knowledge::NodeId, knowledge::Use> uses_{};
  std::map<std::string, std::string, std::less<>> properties_{};
};

}  // namespace asterism::store

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/store/changes_impl.hpp"
#endif
