// The store that forgets all when it is destroyed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/store/changes.hpp"
#include "asterism/knowledge/store/history.hpp"

namespace asterism::store {

/// A GraphStore in memory: for tests, and for what need not last. Movable.
class Memory {
 public:
  void put(knowledge::Node node) { changes_.put(std::move(node)); }
  void put(knowledge::Edge edge) { changes_.put(std::move(edge)); }
  void put(knowledge::Use use) { changes_.put(use); }
  std::optional<knowledge::Node> find(knowledge::NodeId id) const { return find_in(nodes_, id); }
  std::optional<knowledge::Edge> find(knowledge::EdgeId id) const { return find_in(edges_, id); }
  bool erase(knowledge::NodeId id) { return erase_known(id); }
  bool erase(knowledge::EdgeId id) { return erase_known(id); }
  void set_property(std::string_view key, std::string_view value) { changes_.set_property(key, value); }
  std::optional<std::string> property(std::string_view key) const;

  knowledge::Version commit(std::string_view note, knowledge::Time at);
  void discard() { changes_.clear(); }
  std::vector<knowledge::Commit> versions() const { return versions_; }
  knowledge::Version rollback(knowledge::Version version, knowledge::Time at);

  template <class F>
  void for_each(F&& f) const {
    nodes_.for_each(f);
    edges_.for_each(f);
    for (const auto& [node, use] : uses_) f(use);
  }
  std::vector<knowledge::Damage> verify() const { return {}; }

 private:
  template <class Record>
  std::optional<Record> find_in(const History<Record>& history, decltype(Record::id) id) const {
    if (const std::optional<Record>* change = changes_.of(id)) return *change;
    const Record* record = history.find(id);
    return record == nullptr ? std::nullopt : std::optional<Record>(*record);
  }
  template <class Id>
  bool erase_known(Id id) {
    if (!find(id)) return false;
    changes_.erase(id);
    return true;
  }
  /// The commit is the last one; forgets what no kept version has. Does not fail with room for it.
  /// Returns the nodes of which no kept version has a value any more.
  std::vector<knowledge::NodeId> publish(knowledge::Commit commit);
  knowledge::Version last() const { return versions_.empty() ? knowledge::Version{} : versions_.back().version; }

  Changes changes_;
  History<knowledge::Node> nodes_;
  History<knowledge::Edge> edges_;
  std::map<knowledge::NodeId, knowledge::Use> uses_;
  std::map<std::string, std::string, std::less<>> properties_;
  std::vector<knowledge::Commit> versions_;
};

}  // namespace asterism::store

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/store/memory_impl.hpp"
#endif
