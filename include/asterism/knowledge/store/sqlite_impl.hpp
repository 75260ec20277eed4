// Tables, commits and checks of the store in a file.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/store/checked_row.hpp"
#include "asterism/knowledge/store/database.hpp"
#include "asterism/knowledge/store/head_file.hpp"
#include "asterism/knowledge/store/sqlite.hpp"
#include "asterism/knowledge/store/sqlite_rows.hpp"
#include "asterism/knowledge/store/version_list.hpp"
#include "asterism/knowledge/store/writer_lock.hpp"

namespace asterism::store {

namespace detail {

inline constexpr std::int64_t application_id = 0x41535452;  // "ASTR"
inline constexpr std::int64_t schema_version = 1;

inline constexpr const char* tables = R"(
CREATE TABLE version(id INTEGER PRIMARY KEY, parent INTEGER, at INTEGER, note TEXT, rows INTEGER, chain TEXT,
                     checksum INTEGER);
CREATE TABLE node(id INTEGER, created INTEGER, expired INTEGER, kind INTEGER, name TEXT, text TEXT, source TEXT,
                  confidence REAL, weight REAL, pinned INTEGER, merged_into INTEGER, vector BLOB, checksum INTEGER,
                  PRIMARY KEY(id, created));
CREATE TABLE edge(id INTEGER, created INTEGER, expired INTEGER, src INTEGER, kind INTEGER, dst INTEGER,
                  valid_from INTEGER, valid_to INTEGER, weight REAL, confidence REAL, source TEXT, checksum INTEGER,
                  PRIMARY KEY(id, created));
CREATE TABLE alias(folded TEXT, node INTEGER, created INTEGER, expired INTEGER, checksum INTEGER,
                   PRIMARY KEY(node, created, folded));
CREATE TABLE used(node INTEGER PRIMARY KEY, count INTEGER, last INTEGER, checksum INTEGER);
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT, checksum INTEGER);
CREATE INDEX node_expired ON node(expired) WHERE expired < 9223372036854775807;
CREATE INDEX edge_expired ON edge(expired) WHERE expired < 9223372036854775807;
CREATE INDEX alias_expired ON alias(expired) WHERE expired < 9223372036854775807;
CREATE INDEX alias_folded ON alias(folded);
)";

struct ChainedCommit {
  knowledge::Commit commit;
  Chain chain;
};

}  // namespace detail

struct Sqlite::File {
  File(const std::string& path, bool read_only, std::optional<WriterLock> held)
      : lock(std::move(held)),
        database(path, read_only ? Database::Access::read : Database::Access::write),
        head_path(path + ".head"),
        reads(read_only) {}

  knowledge::Version last() const {
    return versions.empty() ? knowledge::Version{} : versions.back().commit.version;
  }
  Chain last_chain() const { return versions.empty() ? Chain{} : versions.back().chain; }

  /// Makes the tables, or checks that they are there. An empty file with a head has lost what it had.
  void prepare(const std::optional<Head>& head);
  std::vector<detail::ChainedCommit> read_versions();
  void check_head(const Head& head) const;
  /// The head follows what is committed. Where it can't be written it stays behind, as it may, until the next commit.
  void tell_head() {
    try {
      write_head(head_path, {last(), last_chain()});
    } catch (const FileError&) {
    }
  }
  void must_write() const {
    if (reads) throw InvalidArgument(concat(database.path(), " was opened for reading"));
  }
  /// In a transaction: the version's row, and what no kept version has goes. `kept` are those before it.
  void publish(std::vector<detail::ChainedCommit>& kept, detail::ChainedCommit next);
  [[noreturn]] void refuse(const knowledge::Damage& damage) const {
    throw knowledge::CorruptStore(describe(damage));
  }
  std::string describe(const knowledge::Damage& damage) const {
    return concat(database.path(), ": table ", damage.table, ", row ", damage.id, " of version ",
                  damage.version.value, ": ", damage.what,
                  "; take a copy of the file that is whole, or read it without what is damaged");
  }

  template <class Table>
  std::optional<detail::StoredRow<typename Table::Record>> find(Table& table, Statement& select,
                                                                std::uint32_t id) {
    select.with(std::int64_t{id});
    if (!select.next()) return std::nullopt;
    auto row = table.read(select);
    select.reset();
    if (!row.whole) refuse({Table::name, id, row.lifetime.created, "its checksum is another"});
    return row;
  }

  /// Everything that is prepared once the tables are there.
  struct Prepared {
    explicit Prepared(const Database& database)
        : nodes(database),
          edges(database),
          node(database,
               std::string(detail::NodeTable::select) + " WHERE id = ? AND expired = 9223372036854775807"),
          edge(database,
               std::string(detail::EdgeTable::select) + " WHERE id = ? AND expired = 9223372036854775807"),
          use(database, "INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?)"),
          property(database, "SELECT value, checksum FROM meta WHERE key = ?"),
          set_property(database, "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)") {}
    detail::NodeTable nodes;
    detail::EdgeTable edges;
    Statement node;
    Statement edge;
    Statement use;
    Statement property;
    Statement set_property;
  };

  std::optional<WriterLock> lock;
  Database database;
  std::string head_path;
  bool reads;
  std::optional<Prepared> sql{};
  std::vector<detail::ChainedCommit> versions{};
};

ASTERISM_INLINE void Sqlite::File::prepare(const std::optional<Head>& head) {
  database.run("PRAGMA mmap_size = 0; PRAGMA cell_size_check = 1");
  const std::int64_t id = database.integer("PRAGMA application_id");
  if (id == 0 && !reads && database.integer("SELECT count(*) FROM sqlite_schema") == 0) {
    if (head) check_head(*head);
    database.run("PRAGMA page_size = 32768; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    Transaction transaction(database, Database::Access::write);
    database.run(detail::tables);
    database.run(concat("PRAGMA application_id = ", detail::application_id,
                        "; PRAGMA user_version = ", detail::schema_version));
    transaction.commit();
    return;
  }
  if (id != detail::application_id) {
    throw FormatError(concat(database.path(), " is no store of a knowledge graph: its application_id is ", id,
                             ", not ", detail::application_id));
  }
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (version > detail::schema_version) {
    throw knowledge::NewerSchema(concat(database.path(), " has the tables of version ", version,
                                        ", this program knows those of ", detail::schema_version,
                                        "; open it with a later one"));
  }
  if (version != detail::schema_version) {
    throw knowledge::CorruptStore(
        concat(database.path(), ": its user_version is ", version, ", not ", detail::schema_version));
  }
  if (!reads) database.run("PRAGMA synchronous = FULL");
}

ASTERISM_INLINE std::vector<detail::ChainedCommit> Sqlite::File::read_versions() {
  std::vector<detail::ChainedCommit> all;
  Statement row(database, "SELECT id, parent, at, note, rows, chain, checksum FROM version ORDER BY id");
  while (row.next()) {
    detail::ChainedCommit one{.commit = {.version = {static_cast<std::uint64_t>(row.integer(0))},
                                         .parent = {static_cast<std::uint64_t>(row.integer(1))},
                                         .at = {row.integer(2)},
                                         .note = row.text(3),
                                         .rows = static_cast<std::uint64_t>(row.integer(4))},
                              .chain = chain_of(row.text(5))};
    const knowledge::Version version = one.commit.version;
    if (row.integer(6) != digest(one.commit, one.chain)) {
      refuse({"version", version.value, version, "its checksum is another"});
    }
    if (!all.empty() && one.commit.parent != all.back().commit.version) {
      refuse({"version", version.value, version,
              concat("version ", one.commit.parent.value, " before it is missing")});
    }
    all.push_back(std::move(one));
  }
  return all;
}

ASTERISM_INLINE void Sqlite::File::check_head(const Head& head) const {
  const auto same = std::find_if(versions.begin(), versions.end(),
                                 [&](const auto& one) { return one.commit.version == head.version; });
  const bool found = same != versions.end();
  if (head.version == knowledge::Version{}) return;
  if (found ? same->chain == head.chain : last() > head.version) return;
  throw knowledge::BehindHead(concat(
      database.path(), " ends with version ", last().value, ", ", head_path, " says that version ",
      head.version.value, found ? " has other rows" : " was written",
      ": take a copy of all its files that is whole, or open it with recover, which accepts what is there"));
}

ASTERISM_INLINE void Sqlite::File::publish(std::vector<detail::ChainedCommit>& kept, detail::ChainedCommit next) {
  const knowledge::Commit& commit = next.commit;
  Statement(database, "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?)")
      .run(detail::number(commit.version), detail::number(commit.parent), commit.at.microseconds, commit.note,
           static_cast<std::int64_t>(commit.rows), text_of(next.chain), digest(commit, next.chain));
  kept.push_back(std::move(next));
  if (kept.size() <= knowledge::kept_versions) return;
  kept.erase(kept.begin());
  const knowledge::Version oldest = kept.front().commit.version;
  Statement(database, "DELETE FROM version WHERE id < ?").run(detail::number(oldest));
  sql->nodes.purge(oldest);
  sql->edges.purge(oldest);
}

ASTERISM_INLINE Sqlite::Sqlite(const std::string& path, SqliteOptions options) {
  std::optional<WriterLock> lock;
  if (!options.read_only) lock.emplace(path + ".lock");
  // The head first: the file may go on meanwhile, the head never tells of what is not there.
  const std::optional<Head> head = options.recover ? std::nullopt : read_head(path + ".head");
  file_ = std::make_unique<File>(path, options.read_only, std::move(lock));
  file_->prepare(head);
  file_->versions = file_->read_versions();
  if (head) file_->check_head(*head);
  file_->sql.emplace(file_->database);
  if (!options.read_only && !(head && head->version == file_->last())) {
    write_head(file_->head_path, {file_->last(), file_->last_chain()});
  }
}

ASTERISM_INLINE Sqlite::Sqlite(Sqlite&&) noexcept = default;
ASTERISM_INLINE Sqlite& Sqlite::operator=(Sqlite&&) noexcept = default;
ASTERISM_INLINE Sqlite::~Sqlite() = default;

ASTERISM_INLINE std::optional<knowledge::Node> Sqlite::find(knowledge::NodeId id) const {
  if (const std::optional<knowledge::Node>* change = changes_.of(id)) return *change;
  auto row = file_->find(file_->sql->nodes, file_->sql->node, id.value);
  return row ? std::optional<knowledge::Node>(std::move(row->record)) : std::nullopt;
}

ASTERISM_INLINE std::optional<knowledge::Edge> Sqlite::find(knowledge::EdgeId id) const {
  if (const std::optional<knowledge::Edge>* change = changes_.of(id)) return *change;
  auto row = file_->find(file_->sql->edges, file_->sql->edge, id.value);
  return row ? std::optional<knowledge::Edge>(std::move(row->record)) : std::nullopt;
}

ASTERISM_INLINE std::optional<std::string> Sqlite::property(std::string_view key) const {
  if (const std::string* change = changes_.of(key)) return *change;
  Statement& row = file_->sql->property;
  row.with(key);
  if (!row.next()) return std::nullopt;
  std::string value = row.text(0);
  const bool whole = row.integer(1) == property_digest(key, value);
  row.reset();
  if (!whole) file_->refuse({"meta", 0, {}, concat("the checksum of \"", key, "\" is another")});
  return value;
}

ASTERISM_INLINE std::vector<knowledge::Commit> Sqlite::versions() const {
  std::vector<knowledge::Commit> all;
  for (const detail::ChainedCommit& one : file_->versions) all.push_back(one.commit);
  return all;
}

ASTERISM_INLINE knowledge::Version Sqlite::commit(std::string_view note, knowledge::Time at) {
  file_->must_write();
  File& file = *file_;
  auto versions = file.versions;
  {
    Transaction transaction(file.database, Database::Access::write);
    const knowledge::Version next{file.last().value + 1};
    ChainDigest chain;
    const std::uint64_t rows =
        detail::apply(
            file.sql->nodes, changes_.nodes(),
            [&](knowledge::NodeId id) { return file.find(file.sql->nodes, file.sql->node, id.value); }, next,
            chain) +
        detail::apply(
            file.sql->edges, changes_.edges(),
            [&](knowledge::EdgeId id) { return file.find(file.sql->edges, file.sql->edge, id.value); }, next,
            chain);
    for (const auto& [node, use] : changes_.uses()) {
      file.sql->use.run(std::int64_t{node.value}, static_cast<std::int64_t>(use.count), use.last.microseconds,
                        digest(use));
    }
    for (const auto& [key, value] : changes_.properties()) {
      file.sql->set_property.run(key, value, property_digest(key, value));
    }
    if (rows != 0) {
      knowledge::Commit commit{next, file.last(), at, std::string(note), rows};
      const Chain value = chain.value(file.last_chain(), commit);
      file.publish(versions, {std::move(commit), value});
    }
    transaction.commit();
  }
  const knowledge::Version before = file.last();
  file.versions = std::move(versions);
  changes_.clear();
  if (file.last() != before) file.tell_head();
  return file.last();
}

ASTERISM_INLINE knowledge::Version Sqlite::rollback(knowledge::Version version, knowledge::Time at) {
  file_->must_write();
  File& file = *file_;
  auto kept = file.versions;
  kept.resize(place_of(versions(), version) + 1);
  {
    Transaction transaction(file.database, Database::Access::write);
    const auto back = [&](auto& table) {
      using Table = std::remove_reference_t<decltype(table)>;
      table.forget_after(version);
      Statement later(file.database,
                      concat(Table::select, " WHERE expired < 9223372036854775807 AND expired > ?"));
      std::vector<detail::StoredRow<typename Table::Record>> rows;
      later.with(detail::number(version));
      while (later.next()) {
        rows.push_back(table.read(later));
        const auto& row = rows.back();
        if (!row.whole) {
          file.refuse({Table::name, row.record.id.value, row.lifetime.created, "its checksum is another"});
        }
      }
      for (const auto& row : rows) table.set_lifetime(row.record, {row.lifetime.created, knowledge::never});
    };
    back(file.sql->nodes);
    back(file.sql->edges);
    Statement(file.database, "DELETE FROM version WHERE id > ?").run(detail::number(version));
    knowledge::Commit commit{{file.last().value + 1}, version, at, rollback_note(version), 0};
    const Chain value = ChainDigest().value(kept.back().chain, commit);
    file.publish(kept, {std::move(commit), value});
    transaction.commit();
  }
  file.versions = std::move(kept);
  changes_.clear();
  file.tell_head();
  return file.last();
}

ASTERISM_INLINE void Sqlite::scan(const Visitor& visitor) const {
  File& file = *file_;
  const Transaction transaction(file.database, Database::Access::read);
  if (file.reads) file.versions = file.read_versions();
  std::map<knowledge::Version, ChainDigest> chains;
  for (const detail::ChainedCommit& one : file.versions) chains.try_emplace(one.commit.version);
  bool telling = false;
  const auto damaged = [&](const char* table, std::uint64_t id, knowledge::Version version, std::string what) {
    telling = true;
    visitor.damaged({table, id, version, std::move(what)});
    telling = false;
  };
  // Pages that SQLite can't follow end a table, not the others.
  const auto guarded = [&](const char* table, const auto& read) {
    try {
      read();
    } catch (const knowledge::CorruptStore& error) {
      if (telling) throw;  // the visitor's own
      damaged(table, 0, {}, error.what());
    }
  };
  detail::NodeTable nodes(file.database);
  detail::EdgeTable edges(file.database);
  const auto rows = [&](auto& table, const auto& visit) {
    using Table = std::remove_reference_t<decltype(table)>;
    Statement select(file.database, concat(Table::select, " ORDER BY id, created"));
    while (select.next()) {
      const auto row = table.read(select);
      const auto created = chains.find(row.lifetime.created);
      if (created != chains.end()) {
        table.feed(created->second, row.record, {row.lifetime.created, knowledge::never});
      }
      const auto expired = chains.find(row.lifetime.expired);
      if (expired != chains.end()) table.feed(expired->second, row.record, row.lifetime);
      if (row.whole) {
        visit(row.record, row.lifetime);
      } else {
        damaged(Table::name, row.record.id.value, row.lifetime.created, "its checksum is another");
      }
    }
  };
  guarded("node", [&] { rows(nodes, visitor.node); });
  guarded("edge", [&] { rows(edges, visitor.edge); });
  guarded("alias", [&] {
    const std::int64_t aliases = file.database.integer("SELECT count(*) FROM alias");
    if (aliases != nodes.aliases_read()) {
      damaged("alias", 0, {}, concat("it has ", aliases, " rows, nodes have ", nodes.aliases_read()));
    }
  });
  for (std::size_t i = 0; i < file.versions.size(); ++i) {
    const knowledge::Commit& commit = file.versions[i].commit;
    if (i == 0 && commit.parent != knowledge::Version{}) continue;  // what it expired has gone
    const Chain parent = i == 0 ? Chain{} : file.versions[i - 1].chain;
    if (chains.at(commit.version).value(parent, commit) != file.versions[i].chain) {
      damaged("version", commit.version.value, commit.version, "its rows are not those that were written");
    }
  }
  guarded("used", [&] {
    Statement select(file.database, "SELECT node, count, last, checksum FROM used ORDER BY node");
    while (select.next()) {
      bool whole = true;
      const knowledge::Use use{{detail::narrow<std::uint32_t>(select, 0, whole)},
                               static_cast<std::uint64_t>(select.integer(1)),
                               {select.integer(2)}};
      if (whole && select.integer(3) == digest(use)) {
        visitor.use(use);
      } else {
        damaged("used", use.node.value, {}, "its checksum is another");
      }
    }
  });
  guarded("meta", [&] {
    Statement select(file.database, "SELECT key, value, checksum FROM meta ORDER BY key");
    while (select.next()) {
      const std::string key = select.text(0);
      if (select.integer(2) != property_digest(key, select.text(1))) {
        damaged("meta", 0, {}, concat("the checksum of \"", key, "\" is another"));
      }
    }
  });
}

ASTERISM_INLINE std::vector<knowledge::Damage> Sqlite::verify() const {
  std::vector<knowledge::Damage> all;
  scan({.node = [](const knowledge::Node&, knowledge::Lifetime) {},
        .edge = [](const knowledge::Edge&, knowledge::Lifetime) {},
        .use = [](const knowledge::Use&) {},
        .damaged = [&](const knowledge::Damage& damage) { all.push_back(damage); }});
  return all;
}

ASTERISM_INLINE void Sqlite::compact() {
  file_->must_write();
  file_->database.run("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
}

ASTERISM_INLINE const std::string& Sqlite::path() const { return file_->database.path(); }
ASTERISM_INLINE bool Sqlite::read_only() const { return file_->reads; }
ASTERISM_INLINE std::string Sqlite::describe(const knowledge::Damage& damage) const {
  return file_->describe(damage);
}

}  // namespace asterism::store
