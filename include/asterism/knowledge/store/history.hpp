// Rows of one kind in memory, each with the versions that it is part of.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include "asterism/knowledge/records.hpp"

namespace asterism::store {

/// Of a record with a member `id`. Not thread-safe.
template <class Record>
class History {
 public:
  using Id = decltype(Record::id);

  /// The row that has not expired, null if there is none.
  const Record* find(Id id) const {
    const auto at = rows_.find(id);
    if (at == rows_.end() || at->second.back().lifetime.expired != knowledge::never) return nullptr;
    return &at->second.back().record;
  }

  /// The id has this value, or none, from `version` on, which is later than all others. Returns how many rows were
  /// created or expired: none where that is its value already.
  std::uint64_t change(Id id, const std::optional<Record>& value, knowledge::Version version) {
    const Record* before = find(id);
    if (value ? before != nullptr && *before == *value : before == nullptr) return 0;
    const std::uint64_t expired = before != nullptr ? 1 : 0;
    std::vector<Row>& rows = rows_[id];
    if (value) rows.push_back({*value, {version, knowledge::never}});
    const std::uint64_t created = value ? 1 : 0;
    if (expired != 0) rows[rows.size() - 1 - created].lifetime.expired = version;
    return created + expired;
  }

  /// As it was at `version`: what came later goes, what expired later has not.
  void back_to(knowledge::Version version) {
    keep([&](Row& row) {
      if (row.lifetime.expired > version) row.lifetime.expired = knowledge::never;
      return row.lifetime.created <= version;
    });
  }
  /// Forgets rows that are part neither of `oldest` nor of a later version; returns the ids that have none left.
  std::vector<Id> purge(knowledge::Version oldest) {
    return keep([&](const Row& row) { return row.lifetime.expired > oldest; });
  }

  /// f(record, lifetime), by id and creation.
  template <class F>
  void for_each(F&& f) const {
    for (const auto& [id, rows] : rows_) {
      for (const Row& row : rows) f(row.record, row.lifetime);
    }
  }

 private:
  struct Row {
    Record record;
    knowledge::Lifetime lifetime;
  };

  template <class Keep>
  std::vector<Id> keep(const Keep& wanted) {
    std::vector<Id> gone;
    for (auto at = rows_.begin(); at != rows_.end();) {
      std::vector<Row>& rows = at->second;
      rows.erase(std::remove_if(rows.begin(), rows.end(), [&](Row& row) { return !wanted(row); }), rows.end());
      if (rows.empty()) gone.push_back(at->first);
      at = rows.empty() ? rows_.erase(at) : std::next(at);
    }
    return gone;
  }

  std::map<Id, std::vector<Row>> rows_;  // by id, none empty, ascending by creation
};

}  // namespace asterism::store
