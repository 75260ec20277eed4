// Rows of nodes and edges in SQLite's tables: how they are read, written and fed to a chain.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/store/changes.hpp"
#include "asterism/knowledge/store/checked_row.hpp"
#include "asterism/knowledge/store/database.hpp"

namespace asterism::store::detail {

/// As it was read. `whole`: its checksum, and for a node those of its aliases, are right.
template <class Record>
struct StoredRow {
  Record record;
  knowledge::Lifetime lifetime;
  bool whole = true;
};

inline std::int64_t number(knowledge::Version version) { return static_cast<std::int64_t>(version.value); }

/// The column as a T; `whole` becomes false where it is out of T's range.
template <class T>
T narrow(const Statement& row, int column, bool& whole) {
  const std::int64_t value = row.integer(column);
  if (value < 0 || value > static_cast<std::int64_t>(std::numeric_limits<T>::max())) whole = false;
  return static_cast<T>(value);
}

inline knowledge::Lifetime lifetime_of(const Statement& row) {
  return {{static_cast<std::uint64_t>(row.integer(1))}, {static_cast<std::uint64_t>(row.integer(2))}};
}

/// What both tables do. Columns begin with id, created, expired and end with the checksum.
class RowTable {
 public:
  RowTable(const Database& database, const std::string& table)
      : expire_(database, "UPDATE " + table + " SET expired = ?, checksum = ? WHERE id = ? AND created = ?"),
        purge_(database, "DELETE FROM " + table + " WHERE expired < 9223372036854775807 AND expired <= ?"),
        forget_(database, "DELETE FROM " + table + " WHERE created > ?") {}

 protected:
  Statement expire_;
  Statement purge_;
  Statement forget_;
};

class EdgeTable : RowTable {
 public:
  using Record = knowledge::Edge;
  static constexpr const char* name = "edge";
  static constexpr const char* select =
      "SELECT id, created, expired, src, kind, dst, valid_from, valid_to, weight, confidence, source, checksum "
      "FROM edge";

  explicit EdgeTable(const Database& database)
      : RowTable(database, name),
        insert_(database, "INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)") {}

  StoredRow<Record> read(const Statement& row) {
    StoredRow<Record> read{.record = {}, .lifetime = lifetime_of(row)};
    knowledge::Edge& edge = read.record;
    edge.id.value = narrow<std::uint32_t>(row, 0, read.whole);
    edge.from.value = narrow<std::uint32_t>(row, 3, read.whole);
    edge.kind = narrow<std::uint16_t>(row, 4, read.whole);
    edge.to.value = narrow<std::uint32_t>(row, 5, read.whole);
    edge.valid_from.microseconds = row.integer(6);
    edge.valid_to.microseconds = row.integer(7);
    edge.weight = row.real(8);
    edge.confidence = row.real(9);
    edge.source = row.text(10);
    read.whole = read.whole && row.integer(11) == digest(edge, read.lifetime);
    return read;
  }
  void insert(const Record& edge, knowledge::Lifetime lifetime) {
    insert_.run(std::int64_t{edge.id.value}, number(lifetime.created), number(lifetime.expired),
                std::int64_t{edge.from.value}, std::int64_t{edge.kind}, std::int64_t{edge.to.value},
                edge.valid_from.microseconds, edge.valid_to.microseconds, edge.weight, edge.confidence,
                edge.source, digest(edge, lifetime));
  }
  void set_lifetime(const Record& edge, knowledge::Lifetime lifetime) {
    expire_.run(number(lifetime.expired), digest(edge, lifetime), std::int64_t{edge.id.value},
                number(lifetime.created));
  }
  void purge(knowledge::Version oldest) { purge_.run(number(oldest)); }
  void forget_after(knowledge::Version version) { forget_.run(number(version)); }
  static void feed(ChainDigest& chain, const Record& edge, knowledge::Lifetime lifetime) {
    chain.add(digest(edge, lifetime));
  }

 private:
  Statement insert_;
};

class NodeTable : RowTable {
 public:
  using Record = knowledge::Node;
  static constexpr const char* name = "node";
  static constexpr const char* select =
      "SELECT id, created, expired, kind, name, text, source, confidence, weight, pinned, merged_into, vector, "
      "checksum "
      "FROM node";

  explicit NodeTable(const Database& database)
      : RowTable(database, name),
        insert_(database, "INSERT INTO node VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
        aliases_(database,
                 "SELECT folded, expired, checksum FROM alias WHERE node = ? AND created = ? ORDER BY folded"),
        insert_alias_(database, "INSERT INTO alias VALUES (?, ?, ?, ?, ?)"),
        expire_alias_(database,
                      "UPDATE alias SET expired = ?, checksum = ? WHERE node = ? AND created = ? AND folded = ?"),
        purge_uses_(
            database,
            "DELETE FROM used WHERE node IN (SELECT id FROM node WHERE expired < 9223372036854775807 AND expired "
            "<= ?1) AND NOT EXISTS (SELECT 1 FROM node WHERE node.id = used.node AND node.expired > ?1)"),
        purge_aliases_(database, "DELETE FROM alias WHERE expired < 9223372036854775807 AND expired <= ?"),
        forget_aliases_(database, "DELETE FROM alias WHERE created > ?") {}

  StoredRow<Record> read(const Statement& row) {
    StoredRow<Record> read{.record = {}, .lifetime = lifetime_of(row)};
    knowledge::Node& node = read.record;
    node.id.value = narrow<std::uint32_t>(row, 0, read.whole);
    node.kind = narrow<std::uint16_t>(row, 3, read.whole);
    node.name = row.text(4);
    node.text = row.text(5);
    node.source = row.text(6);
    node.confidence = row.real(7);
    node.weight = row.real(8);
    node.pinned = narrow<std::uint8_t>(row, 9, read.whole) != 0;
    read.whole = read.whole && row.integer(9) <= 1;
    node.merged_into.value = narrow<std::uint32_t>(row, 10, read.whole);
    node.vector = row.floats(11);
    read.whole = read.whole && row.integer(12) == digest(node, read.lifetime);
    aliases_.with(row.integer(0), row.integer(1));
    while (aliases_.next()) {
      ++aliases_read_;
      node.aliases.push_back(aliases_.text(0));
      read.whole = read.whole && aliases_.integer(1) == number(read.lifetime.expired) &&
                   aliases_.integer(2) == alias_digest(node.aliases.back(), node.id, read.lifetime);
    }
    aliases_.reset();
    return read;
  }
  void insert(const Record& node, knowledge::Lifetime lifetime) {
    insert_.run(std::int64_t{node.id.value}, number(lifetime.created), number(lifetime.expired),
                std::int64_t{node.kind}, node.name, node.text, node.source, node.confidence, node.weight,
                std::int64_t{node.pinned ? 1 : 0}, std::int64_t{node.merged_into.value}, node.vector,
                digest(node, lifetime));
    for (const std::string& alias : node.aliases) {
      insert_alias_.run(alias, std::int64_t{node.id.value}, number(lifetime.created), number(lifetime.expired),
                        alias_digest(alias, node.id, lifetime));
    }
  }
  void set_lifetime(const Record& node, knowledge::Lifetime lifetime) {
    const std::int64_t id = node.id.value;
    expire_.run(number(lifetime.expired), digest(node, lifetime), id, number(lifetime.created));
    for (const std::string& alias : node.aliases) {
      expire_alias_.run(number(lifetime.expired), alias_digest(alias, node.id, lifetime), id,
                        number(lifetime.created), alias);
    }
  }
  /// The use of a node goes with its last value.
  void purge(knowledge::Version oldest) {
    purge_uses_.run(number(oldest));
    purge_.run(number(oldest));
    purge_aliases_.run(number(oldest));
  }
  void forget_after(knowledge::Version version) {
    forget_.run(number(version));
    forget_aliases_.run(number(version));
  }
  static void feed(ChainDigest& chain, const Record& node, knowledge::Lifetime lifetime) {
    chain.add(digest(node, lifetime));
    for (const std::string& alias : node.aliases) chain.add(alias_digest(alias, node.id, lifetime));
  }
  /// Rows of the table alias that were read with their nodes.
  std::int64_t aliases_read() const { return aliases_read_; }

 private:
  Statement insert_;
  Statement aliases_;
  Statement insert_alias_;
  Statement expire_alias_;
  Statement purge_uses_;
  Statement purge_aliases_;
  Statement forget_aliases_;
  std::int64_t aliases_read_ = 0;
};

/// Writes the changes; returns how many rows were created or expired.
template <class Table, class Find>
std::uint64_t apply(Table& table, const Changes::Map<typename Table::Record>& changes, const Find& find,
                    knowledge::Version next, ChainDigest& chain) {
  std::uint64_t rows = 0;
  for (const auto& [id, value] : changes) {
    const auto before = find(id);
    if (value ? before && before->record == *value : !before) continue;
    if (before) {
      const knowledge::Lifetime lifetime{before->lifetime.created, next};
      table.set_lifetime(before->record, lifetime);
      table.feed(chain, before->record, lifetime);
      ++rows;
    }
    if (value) {
      const knowledge::Lifetime lifetime{next, knowledge::never};
      table.insert(*value, lifetime);
      table.feed(chain, *value, lifetime);
      ++rows;
    }
  }
  return rows;
}

}  // namespace asterism::store::detail
