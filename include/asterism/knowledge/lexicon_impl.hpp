// Bodies of lexicon.hpp.
#pragma once

#include <algorithm>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/lexicon.hpp"
#include "asterism/knowledge/store/database.hpp"

namespace asterism::knowledge {

namespace detail {

inline constexpr std::int64_t lexicon_id = 0x41535457;  // "ASTW"
inline constexpr std::size_t most_words = 256;

/// The different words of a text.
inline std::vector<std::string> words_of(std::string_view text) {
  const auto in_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size() && words.size() < most_words;) {
    std::size_t end = at;
    while (end < text.size() && in_word(text[end])) ++end;
    std::string word(text.substr(at, end - at));
    if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) {
      words.push_back(std::move(word));
    }
    at = end + 1;
  }
  return words;
}

/// An FTS5 query of words, between two of which `between` stands.
inline std::string query_of(const std::vector<std::string>& words, std::string_view between) {
  std::string query;
  for (const std::string& word : words) query += concat(query.empty() ? "" : between, "\"", word, "\"");
  return query;
}

/// True if the file is a whole database of somebody else's.
inline bool is_anothers(const std::string& path) {
  try {
    const store::Database database(path, store::Database::Access::read);
    return database.integer("PRAGMA application_id") != lexicon_id &&
           database.integer("SELECT count(*) FROM sqlite_schema") != 0;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace detail

struct Lexicon::Words {
  Words(const std::string& path, bool reads)
      : database(path, reads ? store::Database::Access::read : store::Database::Access::write) {
    const bool fresh = !reads && database.integer("SELECT count(*) FROM sqlite_schema") == 0;
    if (!fresh && database.integer("PRAGMA application_id") != detail::lexicon_id) {
      throw FormatError(concat(path, " is no list of words: move it away, and one is made in its place"));
    }
    if (!reads) prepare(fresh);
    insert.emplace(database, "INSERT INTO words(rowid, text) VALUES (?, ?)");
    remove.emplace(database, "DELETE FROM words WHERE rowid = ?");
    select.emplace(database,
                   "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? ORDER BY bm25(words), rowid");
    count.emplace(database, concat("SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ",
                                   most_texts + 1, ")"));
  }

  void prepare(bool fresh) {
    database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    if (fresh) {
      store::Transaction transaction(database, store::Database::Access::write);
      database.run(
          "CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'porter unicode61');"
          "CREATE TABLE stamp(value INTEGER); INSERT INTO stamp VALUES (0)");
      database.run(concat("PRAGMA application_id = ", detail::lexicon_id));
      transaction.commit();
    } else {
      database.run("INSERT INTO words(words) VALUES ('integrity-check')");
    }
  }

  /// True if more texts have the word than are worth ranking.
  bool is_common(const std::string& word) const {
    const auto [known, fresh] = common.try_emplace(word, false);
    if (fresh) {
      const std::string query = detail::query_of({word}, "");
      count->with(query);
      known->second = count->next() && count->integer(0) > static_cast<std::int64_t>(most_texts);
      count->reset();
    }
    return known->second;
  }
  /// Which words are common does not change with a few texts.
  void changed(std::size_t texts) {
    changes += texts;
    if (changes < most_texts / 10 && common.size() < most_texts) return;
    changes = 0;
    common.clear();
  }

  store::Database database;
  mutable std::mutex mutex{};
  std::optional<store::Statement> insert{};
  std::optional<store::Statement> remove{};
  mutable std::optional<store::Statement> select{};
  mutable std::optional<store::Statement> count{};
  mutable std::map<std::string, bool> common{};  ///< of the words that were asked for
  std::size_t changes = 0;                       ///< of texts, since that is known
};

ASTERISM_INLINE Lexicon::Lexicon(std::unique_ptr<Words> words) : words_(std::move(words)) {}
ASTERISM_INLINE Lexicon::Lexicon(Lexicon&&) noexcept = default;
ASTERISM_INLINE Lexicon& Lexicon::operator=(Lexicon&&) noexcept = default;
ASTERISM_INLINE Lexicon::~Lexicon() = default;

ASTERISM_INLINE Lexicon Lexicon::in_memory() { return Lexicon(std::make_unique<Words>(":memory:", false)); }

ASTERISM_INLINE Lexicon::Lexicon(const std::string& path, Access access) {
  try {
    words_ = std::make_unique<Words>(path, access == Access::read);
    stamp();
    return;
  } catch (const FormatError&) {  // damaged, or absent
    if (access == Access::write && detail::is_anothers(path)) throw;
  } catch (const FileError&) {
    if (access == Access::write) throw;
  }
  if (access == Access::read) {
    words_ = std::make_unique<Words>(":memory:", false);
    return;
  }
  for (const char* ending : {"", "-wal", "-shm"}) std::remove((path + ending).c_str());
  words_ = std::make_unique<Words>(path, false);
}

ASTERISM_INLINE std::uint64_t Lexicon::stamp() const {
  const std::scoped_lock lock(words_->mutex);
  return static_cast<std::uint64_t>(words_->database.integer("SELECT value FROM stamp"));
}

ASTERISM_INLINE std::size_t Lexicon::size() const {
  const std::scoped_lock lock(words_->mutex);
  return static_cast<std::size_t>(words_->database.integer("SELECT count(*) FROM words"));
}

ASTERISM_INLINE void Lexicon::change(View<const LexiconEntry> added, View<const std::int64_t> removed,
                                     std::uint64_t stamp) {
  for (const LexiconEntry& entry : added) {
    if (entry.key <= 0) throw InvalidArgument(concat("the key ", entry.key, " of a text: it is above 0"));
  }
  const std::scoped_lock lock(words_->mutex);
  store::Transaction transaction(words_->database, store::Database::Access::write);
  for (const std::int64_t key : removed) words_->remove->run(key);
  for (const LexiconEntry& entry : added) {
    words_->remove->run(entry.key);
    words_->insert->run(entry.key, entry.text);
  }
  words_->database.run(concat("UPDATE stamp SET value = ", stamp));
  transaction.commit();
  words_->changed(added.size + removed.size);
}

ASTERISM_INLINE void Lexicon::clear() {
  const std::scoped_lock lock(words_->mutex);
  store::Transaction transaction(words_->database, store::Database::Access::write);
  words_->database.run("DELETE FROM words; UPDATE stamp SET value = 0");
  transaction.commit();
  words_->common.clear();
}

ASTERISM_INLINE std::vector<LexiconHit> Lexicon::search(std::string_view text, std::size_t k,
                                                        const std::function<bool(std::int64_t)>& allowed) const {
  std::vector<LexiconHit> hits;
  const std::vector<std::string> words = detail::words_of(text);
  if (words.empty() || k == 0) return hits;
  const std::scoped_lock lock(words_->mutex);
  std::vector<std::string> telling;
  for (const std::string& word : words) {
    if (!words_->is_common(word)) telling.push_back(word);
  }
  const std::string query = telling.empty() ? detail::query_of(words, " AND ") : detail::query_of(telling, " OR ");
  store::Statement& select = *words_->select;
  select.with(query);
  while (hits.size() < k && select.next()) {
    const LexiconHit hit{select.integer(0), select.real(1)};
    if (allowed(hit.key)) hits.push_back(hit);
  }
  select.reset();
  return hits;
}

}  // namespace asterism::knowledge
