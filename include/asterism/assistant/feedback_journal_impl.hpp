// Bodies of feedback_journal.hpp.
#pragma once

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "asterism/assistant/feedback_journal.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/text/detail/utf8.hpp"

namespace asterism::assistant {

ASTERISM_INLINE FeedbackJournal::FeedbackJournal(std::string path, const Labels& labels)
    : path_(std::move(path)), labels_(labels) {
  if (!std::filesystem::exists(path_)) {
    file::write_text_file(path_, "");
    return;
  }
  const std::string text = file::read_file(path_, 1U << 30U);
  const std::size_t whole = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
  for (std::size_t at = 0; at < whole;) {
    const std::size_t end = text.find('\n', at);
    const std::string where = concat(path_, ", line ", entries_.size() + 1);
    const json::Document document(json::parse(std::string_view(text).substr(at, end - at), where));
    json::check_object(*document, "a line", where);
    LabelledQuery entry;
    const auto field = [&](std::string_view key) {
      const json::Value& value = json::require_field(*document, key, where);
      if (!value.is_string()) throw FormatError(concat(where, ": '", key, "' is no string"));
      return value.get<std::string>();
    };
    entry.query = field("query");
    try {
      entry.label = labels_.number_of(field("label"));
    } catch (const InvalidArgument& error) {
      throw FormatError(concat(where, ": ", error.what()));
    }
    entries_.push_back(std::move(entry));
    at = end + 1;
  }
  dropped_ = text.size() - whole;
  if (dropped_ > 0) file::write_text_file(path_, std::string_view(text).substr(0, whole));
}

ASTERISM_INLINE std::string FeedbackJournal::line_of(std::string_view query, std::size_t label) const {
  const json::Value line = {
      {"query", text::is_valid_utf8(query) ? std::string(query) : text::replace_invalid(query)},
      {"label", labels_[label]}};
  return line.dump() + "\n";
}

ASTERISM_INLINE void FeedbackJournal::add(std::string_view query, std::size_t label) {
  if (label >= labels_.size()) throw InvalidArgument(concat("label ", label, " of ", labels_.size()));
  const std::string line = line_of(query, label);
  const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  const auto fail = [&](std::string_view what) {
    const int error = errno;
    if (file >= 0) ::close(file);
    throw FileError(concat(path_, ": ", what, ": ", std::strerror(error)));
  };
  if (file < 0) fail("can't be opened for feedback");
  struct stat before {};
  if (::fstat(file, &before) != 0) fail("can't be looked at");
  if (::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || ::fsync(file) != 0) {
    const int error = errno;
    [[maybe_unused]] const int cut = ::ftruncate(file, before.st_size);
    errno = error;
    fail("did not take all of the feedback");
  }
  ::close(file);
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
}

}  // namespace asterism::assistant
