// The store in a file of SQLite's, which any tool opens.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/store/changes.hpp"

namespace asterism::store {

struct SqliteOptions {
  bool read_only = false;  ///< beside a writer, or another reader
  bool recover = false;    ///< takes the version that the file has, though its head tells of a later one
};

/// A GraphStore in NAME, with SQLite's NAME-wal and NAME-shm, and beside it NAME.head (see Head) and NAME.lock.
///
/// Tables, all ids being integers, times microseconds since 1970, `expired` 9223372036854775807 while a row lives:
///
///     version(id, parent, at, note, rows, chain, checksum)
///     node(id, created, expired, kind, name, text, source, confidence, weight, pinned, merged_into, vector, checksum)
///     edge(id, created, expired, src, kind, dst, valid_from, valid_to, weight, confidence, source, checksum)
///     alias(folded, node, created, expired, checksum)
///     used(node, count, last, checksum)
///     meta(key, value, checksum)
///
/// Rows are appended; only `expired` changes. Every row has a checksum, every version a chain over them (see Chain),
/// which `for_each` and `verify` compare. A commit is one transaction, flushed to the disk (WAL, synchronous FULL),
/// then the head is. Errors beside GraphStore's: CorruptStore, from any member; BehindHead, NewerSchema, StoreBusy when
/// it is opened; FileError, also for a full disk, after which the last version stands. Movable.
class Sqlite {
 public:
  /// Opens the file, or creates it unless `read_only`. FormatError for a file that is no store.
  explicit Sqlite(const std::string& path, SqliteOptions options = {});
  Sqlite(Sqlite&&) noexcept;
  Sqlite& operator=(Sqlite&&) noexcept;
  ~Sqlite();

  void put(knowledge::Node node) { changes_.put(std::move(node)); }
  void put(knowledge::Edge edge) { changes_.put(std::move(edge)); }
  void put(knowledge::Use use) { changes_.put(use); }
  std::optional<knowledge::Node> find(knowledge::NodeId id) const;
  std::optional<knowledge::Edge> find(knowledge::EdgeId id) const;
  bool erase(knowledge::NodeId id) { return erase_known(id); }
  bool erase(knowledge::EdgeId id) { return erase_known(id); }
  void set_property(std::string_view key, std::string_view value) { changes_.set_property(key, value); }
  std::optional<std::string> property(std::string_view key) const;

  /// InvalidArgument where it was opened for reading; so for rollback and compact.
  knowledge::Version commit(std::string_view note, knowledge::Time at);
  void discard() { changes_.clear(); }
  /// Those of the last commit here; where it was opened for reading, of the last `for_each` or `verify`.
  std::vector<knowledge::Commit> versions() const;
  knowledge::Version rollback(knowledge::Version version, knowledge::Time at);

  /// Reads all in one version, though others write. Throws CorruptStore at the first row that is damaged.
  template <class F>
  void for_each(F&& f) const {
    for_each(f, [&](const knowledge::Damage& damage) { throw knowledge::CorruptStore(describe(damage)); });
  }
  /// Leaves out the rows that are damaged, and calls damaged(const knowledge::Damage&) for each.
  template <class F, class Damaged>
  void for_each(F&& f, Damaged&& damaged) const {
    scan({.node = [&](const knowledge::Node& node, knowledge::Lifetime lifetime) { f(node, lifetime); },
          .edge = [&](const knowledge::Edge& edge, knowledge::Lifetime lifetime) { f(edge, lifetime); },
          .use = [&](const knowledge::Use& use) { f(use); },
          .damaged = damaged});
  }
  std::vector<knowledge::Damage> verify() const;

  /// Gives the space of rows that have gone back to the system: a new file takes the old one's place.
  void compact();
  const std::string& path() const;
  bool read_only() const;
  /// The damage in words, with the path and what to do.
  std::string describe(const knowledge::Damage& damage) const;

 private:
  struct Visitor {
    std::function<void(const knowledge::Node&, knowledge::Lifetime)> node;
    std::function<void(const knowledge::Edge&, knowledge::Lifetime)> edge;
    std::function<void(const knowledge::Use&)> use;
    std::function<void(const knowledge::Damage&)> damaged;
  };
  struct File;  // connection, statements, versions

  void scan(const Visitor& visitor) const;
  template <class Id>
  bool erase_known(Id id) {
    if (!find(id)) return false;
    changes_.erase(id);
    return true;
  }

  Changes changes_;
  std::unique_ptr<File> file_;
};

}  // namespace asterism::store

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/store/sqlite_impl.hpp"
#endif
