// SQLite's C interface.
#pragma once

#include <cstring>
#include <sqlite3.h>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/store/database.hpp"

namespace asterism::store {

ASTERISM_INLINE Database::Database(const std::string& path, Access access) : path_(path) {
  const int flags = access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
    Database closes(std::move(*this));  // this one's destructor doesn't run
    closes.fail("can't be opened");
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, 5000);
}

ASTERISM_INLINE Database::Database(Database&& other) noexcept
    : path_(std::move(other.path_)), handle_(std::exchange(other.handle_, nullptr)) {}

ASTERISM_INLINE Database& Database::operator=(Database&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(handle_, other.handle_);
  return *this;
}

ASTERISM_INLINE Database::~Database() { sqlite3_close_v2(handle_); }

ASTERISM_INLINE void Database::fail(std::string_view what) const {
  const int code = sqlite3_errcode(handle_);
  const std::string message =
      concat(path_, ": ", what, ": SQLite says \"", sqlite3_errmsg(handle_), "\" (", code, ")");
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw knowledge::CorruptStore(message);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw knowledge::StoreBusy(message);
    default:
      throw FileError(message);
  }
}

ASTERISM_INLINE void Database::run(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(concat("\"", sql, "\""));
}

ASTERISM_INLINE std::int64_t Database::integer(std::string_view sql) const {
  Statement statement(*this, sql);
  return statement.next() ? statement.integer(0) : 0;
}

ASTERISM_INLINE Statement::Statement(const Database& database, std::string_view sql) : database_(&database) {
  const int result = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (result == SQLITE_OK) return;
  if ((result & 0xff) == SQLITE_ERROR) {  // all statements are the toolkit's own: it is the tables that are not
    throw knowledge::CorruptStore(concat(database.path(), ": its tables are not those of a store: SQLite says \"",
                                         sqlite3_errmsg(database.handle()), "\""));
  }
  database.fail("can't be read");
}

ASTERISM_INLINE Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), handle_(std::exchange(other.handle_, nullptr)) {}

ASTERISM_INLINE Statement::~Statement() { sqlite3_finalize(handle_); }

ASTERISM_INLINE bool Statement::next() {
  const int result = sqlite3_step(handle_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  sqlite3_reset(handle_);
  database_->fail("can't be read or written");
}

ASTERISM_INLINE void Statement::reset() { sqlite3_reset(handle_); }

ASTERISM_INLINE std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
ASTERISM_INLINE double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }

ASTERISM_INLINE std::string Statement::text(int column) const {
  const auto* text = sqlite3_column_text(handle_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text), size);
}

ASTERISM_INLINE std::vector<float> Statement::floats(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  std::vector<float> values(static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)) / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes, values.size() * sizeof(float));
  return values;
}

ASTERISM_INLINE void Statement::bind(int at, std::int64_t value) {
  if (sqlite3_bind_int64(handle_, at, value) != SQLITE_OK) database_->fail("an integer");
}
ASTERISM_INLINE void Statement::bind(int at, double value) {
  if (sqlite3_bind_double(handle_, at, value) != SQLITE_OK) database_->fail("a number");
}
ASTERISM_INLINE void Statement::bind(int at, std::string_view value) {
  // An empty view may point nowhere, which SQLite takes for NULL.
  const char* text = value.empty() ? "" : value.data();
  if (sqlite3_bind_text64(handle_, at, text, value.size(), SQLITE_STATIC, SQLITE_UTF8) != SQLITE_OK) {
    database_->fail("a text");
  }
}
ASTERISM_INLINE void Statement::bind(int at, const std::vector<float>& value) {
  const void* bytes = value.empty() ? static_cast<const void*>("") : value.data();
  if (sqlite3_bind_blob64(handle_, at, bytes, value.size() * sizeof(float), SQLITE_STATIC) != SQLITE_OK) {
    database_->fail("a vector");
  }
}

ASTERISM_INLINE Transaction::Transaction(Database& database, Database::Access access) : database_(&database) {
  database.run(access == Database::Access::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

ASTERISM_INLINE void Transaction::commit() {
  database_->run("COMMIT");
  open_ = false;
}

ASTERISM_INLINE Transaction::~Transaction() {
  // After some failures SQLite has rolled back by itself.
  if (open_ && sqlite3_get_autocommit(database_->handle()) == 0) {
    sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

}  // namespace asterism::store
