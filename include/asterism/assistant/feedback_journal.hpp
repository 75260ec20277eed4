// What people said about the kinds of their queries, kept on the disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/assistant/classifier_labels.hpp"
#include "asterism/assistant/ngram_classifier.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// Feedback in the order in which it came, a line of JSON each, {"query":...,"label":...}. Each is on the disk before
/// `add` returns. A last line that a crash cut off does not count; the next `add` removes it. Opening changes nothing.
/// One writer at a time; not thread-safe.
class FeedbackJournal {
 public:
  /// Reads the file, if it is there. FileError if that fails; FormatError, which names the line, for a whole line that
  /// is no feedback about these labels.
  FeedbackJournal(std::string path, const Labels& labels);

  View<const LabelledQuery> entries() const { return entries_; }
  /// Bytes of a last line that was cut off, and does not count.
  std::size_t dropped() const { return dropped_; }

  /// Appends, to a new file where there is none. InvalidArgument for a query without a word; FileError if the disk
  /// refuses.
  void add(std::string_view query, std::size_t label);
  /// Keeps the first `count` entries alone; InvalidArgument if there are fewer. The file is as before or after it,
  /// never between.
  void keep(std::size_t count);

 private:
  std::string line_of(std::string_view query, std::size_t label) const;
  LabelledQuery entry_of(std::string_view line, const std::string& where) const;
  void append(const std::string& line) const;

  std::string path_;
  Labels labels_;
  std::vector<LabelledQuery> entries_;
  std::size_t dropped_ = 0;
  bool ends_clean_ = false;  ///< the file is there, and ends with a whole line
};

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/feedback_journal_impl.hpp"
#endif
