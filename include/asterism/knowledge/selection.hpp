// Which nodes a search may find: a query, and the nodes of one snapshot that it lets through.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asterism/knowledge/fwd.hpp"
#include "asterism/knowledge/schema.hpp"
#include "asterism/knowledge/types.hpp"

namespace asterism::knowledge {

/// Which nodes may be found. What is not said is not asked.
struct NodeQuery {
  KindSet kinds = any_kind;
  std::optional<std::string> source{};  ///< one of its sources
  /// No facts that do not hold at the snapshot's instant: to which edges lead that say facts, none of which holds.
  bool valid = true;
  bool merged = false;  ///< also those that another node stands for

  friend bool operator==(const NodeQuery&, const NodeQuery&) = default;
};

/// Nodes of one snapshot, for its searches. Made by Snapshot::select; copies share what they hold. Immutable.
class Selection {
 public:
  /// No node.
  Selection() = default;

  std::uint64_t count() const { return nodes().count; }
  bool allows(NodeId id) const { return nodes().ids.allows(id); }

 private:
  template <GraphSchema S, class Index>
  friend class Snapshot;

  struct Nodes {
    Filter rows = Filter::none();  ///< of the values, by which an index knows their vectors
    Filter ids = Filter::none();
    std::uint64_t count = 0;

    void allow(std::uint32_t row, NodeId id) {
      rows.allow({row});
      ids.allow(id);
      ++count;
    }
  };

  const Nodes& nodes() const {
    static const Nodes none;
    return nodes_ ? *nodes_ : none;
  }
  explicit Selection(Nodes nodes) : nodes_(std::make_shared<const Nodes>(std::move(nodes))) {}

  std::shared_ptr<const Nodes> nodes_{};
};

namespace detail {

/// The selections made last, so that consultations of one version share them. Thread-safe.
class RecentSelections {
 public:
  static constexpr std::size_t most = 8;

  struct Key {
    Version version{};
    Time valid{};
    NodeQuery query{};
    friend bool operator==(const Key&, const Key&) = default;
  };

  std::optional<Selection> find(const Key& key) {
    const std::scoped_lock lock(mutex_);
    const auto entry =
        std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) { return one.key == key; });
    if (entry == entries_.end()) return std::nullopt;
    std::rotate(entries_.begin(), entry, entry + 1);
    return entries_.front().selection;
  }
  void put(Key key, Selection selection) {
    const std::scoped_lock lock(mutex_);
    if (entries_.size() == most) entries_.pop_back();
    entries_.insert(entries_.begin(), {std::move(key), std::move(selection)});
  }

 private:
  struct Entry {
    Key key;
    Selection selection;
  };
  std::mutex mutex_;
  std::vector<Entry> entries_;  ///< the one used last first
};

}  // namespace detail

}  // namespace asterism::knowledge
