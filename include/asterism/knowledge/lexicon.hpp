// The list of words of a graph's texts, beside its vectors: full-text search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::knowledge {

/// A text under a key of the caller's, above 0.
struct LexiconEntry {
  std::int64_t key = 0;
  std::string text{};
};

struct LexiconHit {
  std::int64_t key = 0;
  double score = 0;  ///< BM25, the higher the better; it depends on all texts that are there
};

/// An index of words over SQLite's FTS5, with the tokenizers porter and unicode61: "carries" finds "carrying", "etoile"
/// finds "Étoile". In memory, or in a file that can be made again at any time: a damaged one is begun anew, and its
/// owner, who compares `stamp` with what it knows, fills it again. `search` may be called from several threads at once,
/// also while `change` runs. Movable. FormatError for another's database, which stays as it is; FileError where a file
/// can't be written, StoreBusy where another program has it.
class Lexicon {
 public:
  enum class Access : bool { write, read };

  static Lexicon in_memory();
  /// The file `path`, with SQLite's files beside it. With Access::read nothing is written; what is not there is empty.
  explicit Lexicon(const std::string& path, Access access = Access::write);
  Lexicon(Lexicon&&) noexcept;
  Lexicon& operator=(Lexicon&&) noexcept;
  ~Lexicon();

  /// What the last change said; 0 of a new one.
  std::uint64_t stamp() const;
  std::size_t size() const;
  /// All or nothing: takes out, then puts in; a known key gets the new text.
  void change(View<const LexiconEntry> added, View<const std::int64_t> removed, std::uint64_t stamp);
  /// Forgets all; the stamp is 0.
  void clear();

  /// Words that more texts have tell too little for what ranking all of them takes.
  static constexpr std::size_t most_texts = 10'000;

  /// The best k texts that have a word of `text` and whose keys are allowed, best first, ties to the lower key. Any
  /// text is a query: its first 256 different words count, and no character means anything else. Words that more than
  /// `most_texts` texts have count only where there are no others: then texts that have all of them are found.
  std::vector<LexiconHit> search(std::string_view text, std::size_t k,
                                 const std::function<bool(std::int64_t)>& allowed) const;

 private:
  struct Words;  // the connection, its statements and a mutex
  explicit Lexicon(std::unique_ptr<Words> words);

  std::unique_ptr<Words> words_;
};

}  // namespace asterism::knowledge

#if !defined(ASTERISM_COMPILED)
#include "asterism/knowledge/lexicon_impl.hpp"
#endif
