// Which nodes a search may find: a query, and the nodes of one snapshot that it lets through.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
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
    void forbid(std::uint32_t row, NodeId id) {
      if (!ids.allows(id)) return;
      rows.forbid({row});
      ids.forbid(id);
      --count;
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

  /// The newest one of an earlier version at the same instant for the same query, with that version.
  std::optional<std::pair<Version, Selection>> before(const Key& key) {
    const std::scoped_lock lock(mutex_);
    const Entry* newest = nullptr;
    for (const Entry& one : entries_) {
      if (one.key.valid != key.valid || one.key.query != key.query || one.key.version >= key.version) continue;
      if (newest == nullptr || newest->key.version < one.key.version) newest = &one;
    }
    if (newest == nullptr) return std::nullopt;
    return std::pair(newest->key.version, newest->selection);
  }
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

/// Which nodes the last commits touched: those that they changed, and those to which edges lead that they changed, or
/// that exclude such an edge. So a selection of one version makes that of the next. Guarded by who owns it.
class RecentChanges {
 public:
  static constexpr std::size_t most = 50'000;

  struct Touched {
    NodeId id = no_node;
    std::uint32_t row = 0;  ///< of its value before the commit, if it had one
    friend auto operator<=>(const Touched&, const Touched&) = default;
  };

  /// Of the commit that made `version`.
  void add(Version version, std::vector<Touched> touched) {
    count_ += touched.size();
    commits_.push_back({version, std::move(touched)});
    while (count_ > most || commits_.size() > most) {
      count_ -= commits_.front().touched.size();
      commits_.pop_front();
    }
  }
  /// Calls f(touched) for what all commits after `before` up to `version` touched, in their order; false, and calls
  /// nothing, if not all of them are known.
  template <class F>
  bool between(Version before, Version version, F&& f) const {
    if (commits_.empty() || commits_.front().version.value > before.value + 1) return false;
    for (const Commit& commit : commits_) {
      if (commit.version <= before || version < commit.version) continue;
      for (const Touched& one : commit.touched) f(one);
    }
    return true;
  }

 private:
  struct Commit {
    Version version;
    std::vector<Touched> touched;
  };
  std::deque<Commit> commits_;
  std::size_t count_ = 0;
};

}  // namespace detail

}  // namespace asterism::knowledge
