// SQLite behind objects that clean up: a connection, a statement, a transaction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace asterism::store {

/// A connection. Whatever fails throws with the path and SQLite's own words: CorruptStore where SQLite finds pages that
/// are no database's, StoreBusy where another connection is in the way, else FileError.
class Database {
 public:
  enum class Access : bool { write, read };

  /// Creates the file if it is to be written and is not there. Waits up to 5 s for other connections.
  Database(const std::string& path, Access access);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  /// Statements without values and rows.
  void run(const std::string& sql);
  /// The only value of a statement's only row.
  std::int64_t integer(std::string_view sql) const;
  /// Throws for the last thing that failed.
  [[noreturn]] void fail(std::string_view what) const;

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

/// A prepared statement of a database, which outlives it.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Starts again with these values: integers, doubles, texts, views of floats. Texts and floats stay where they are
  /// until it has run.
  template <class... Values>
  Statement& with(const Values&... values) {
    reset();
    int at = 0;
    (bind(++at, values), ...);
    return *this;
  }
  /// Runs to its end.
  template <class... Values>
  void run(const Values&... values) {
    with(values...);
    while (next()) {
    }
    reset();
  }
  /// True if there is a row (one more).
  bool next();
  void reset();

  // Of the row, by column from 0; another type is converted as SQLite does.
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::vector<float> floats(int column) const;

 private:
  void bind(int at, std::int64_t value);
  void bind(int at, double value);
  void bind(int at, std::string_view value);
  void bind(int at, const std::string& value) { bind(at, std::string_view(value)); }
  void bind(int at, const std::vector<float>& value);

  const Database* database_;
  sqlite3_stmt* handle_ = nullptr;
};

/// Between its construction and `commit` all or nothing is written; nothing without `commit`.
class Transaction {
 public:
  /// With Access::write it is the only one that writes.
  Transaction(Database& database, Database::Access access);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database* database_;
  bool open_ = true;
};

}  // namespace asterism::store

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/store/database_impl.hpp"
#endif
