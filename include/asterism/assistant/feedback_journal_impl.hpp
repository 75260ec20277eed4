// Bodies of feedback_journal.hpp.
#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "asterism/assistant/feedback_journal.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/encode/words.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::assistant {

ASTERISM_INLINE FeedbackJournal::FeedbackJournal(std::string path, const Labels& labels)
    : path_(std::move(path)), labels_(labels) {
  if (file::path_kind(path_) == file::PathKind::missing) return;
  const std::string text = file::read_file(path_, 1U << 30U);
  ends_clean_ = text.empty() || text.back() == '\n';
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    try {
      entries_.push_back(
          entry_of(std::string_view(text).substr(at, end - at), concat(path_, ", line ", entries_.size() + 1)));
    } catch (const FormatError&) {
      if (end < text.size()) throw;
      dropped_ = end - at;
    }
    at = end + 1;
  }
}

ASTERISM_INLINE LabelledQuery FeedbackJournal::entry_of(std::string_view line, const std::string& where) const {
  const json::Document document(json::parse(line, where));
  json::check_object(*document, "a line", where);
  const auto field = [&](std::string_view key) {
    const json::Value& value = json::require_field(*document, key, where);
    if (!value.is_string()) throw FormatError(concat(where, ": '", key, "' is no string"));
    return value.get<std::string>();
  };
  try {
    return {.query = field("query"), .label = labels_.number_of(field("label"))};
  } catch (const InvalidArgument& error) {
    throw FormatError(concat(where, ": ", error.what()));
  }
}

ASTERISM_INLINE std::string FeedbackJournal::line_of(std::string_view query, std::size_t label) const {
  const json::Value line = {
      {"query", text::is_valid_utf8(query) ? std::string(query) : text::replace_invalid(query)},
      {"label", labels_[label]}};
  return line.dump() + "\n";
}

ASTERISM_INLINE void FeedbackJournal::append(const std::string& line) const {
  const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const auto fail = [&](const char* what, int error) {
    if (file >= 0) ::close(file);
    throw FileError(concat(path_, ": ", what, error == 0 ? "" : ": ", error == 0 ? "" : std::strerror(error)));
  };
  if (file < 0) fail("can't be opened for feedback", errno);
  struct stat before {};
  if (::fstat(file, &before) != 0) fail("can't be looked at", errno);
  const ssize_t written = ::write(file, line.data(), line.size());
  const bool whole = written == static_cast<ssize_t>(line.size());
  if (!whole || ::fsync(file) != 0) {
    const int error = written < 0 || whole ? errno : 0;
    if (::ftruncate(file, before.st_size) != 0)
      fail("did not take all of the feedback, and ends in half a line", error);
    fail("did not take all of the feedback", error);
  }
  ::close(file);
}

ASTERISM_INLINE void FeedbackJournal::add(std::string_view query, std::size_t label) {
  if (label >= labels_.size()) throw InvalidArgument(concat("label ", label, " of ", labels_.size()));
  if (encode::words_of(encode::folded(query)).empty()) {
    throw InvalidArgument("feedback about a query without a word: it would teach the same about all queries");
  }
  if (!ends_clean_) keep(entries_.size());
  try {
    append(line_of(query, label));
  } catch (const FileError&) {
    ends_clean_ = false;  // the next one writes it anew
    throw;
  }
  entries_.push_back({std::string(query), label});
}

ASTERISM_INLINE void FeedbackJournal::keep(std::size_t count) {
  if (count > entries_.size()) {
    throw InvalidArgument(concat(path_, ": can't go back to ", count, " entries, there are ", entries_.size()));
  }
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line_of(entries_[i].query, entries_[i].label);
  file::write_text_file(path_, text);
  entries_.resize(count);
  dropped_ = 0;
  ends_clean_ = true;
}

}  // namespace asterism::assistant
