// Bodies of read_examples.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/json/json.hpp"
#include "asterism/train/data/read_examples.hpp"
#include "asterism/train/data/read_lines.hpp"
#include "asterism/train/data/read_row.hpp"

namespace asterism::train {

namespace detail {

/// What becomes of rows that can't be trained on: one error for up to most_named_rows, or a copy and its reasons.
class BadRows {
 public:
  BadRows(std::string_view where, const std::string& skipped) : where_(where) {
    if (skipped.empty()) return;
    rows_ = std::make_unique<file::NewFile>(skipped, 0);
    reasons_ = std::make_unique<file::NewFile>(skipped + ".reasons", 0);
  }

  std::uint64_t count() const { return count_; }

  /// `row` is nullptr where it is not in memory. Throws FormatError if there is no file and no room for more rows in
  /// one message.
  void add(std::uint64_t line, std::string_view reason, const std::string* row) {
    ++count_;
    if (rows_ != nullptr) {
      const json::Document why(json::Value{{"file", where_}, {"line", line}, {"reason", reason}});
      write(*reasons_, (*why).dump(-1, ' ', false, json::Value::error_handler_t::replace));
      if (row != nullptr) write(*rows_, *row);
      return;
    }
    named_ += concat("\n  line ", line, ": ", reason);
    if (count_ == most_named_rows) refuse("; there may be more");
  }

  /// Throws FormatError if rows were named, completes the files otherwise.
  void finish() {
    if (rows_ != nullptr) {
      rows_->finish();
      reasons_->finish();
    } else if (count_ > 0) {
      refuse("");
    }
  }

 private:
  static void write(file::NewFile& to, std::string text) {
    text += '\n';
    to.write({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  }

  [[noreturn]] void refuse(std::string_view more) const {
    throw FormatError(concat(where_, ": ", count_, count_ == 1 ? " row" : " rows", " that can't be trained on",
                             more, "; mend them, or set ReadOptions::skipped to leave them out", named_));
  }

  std::string where_;
  std::unique_ptr<file::NewFile> rows_;  ///< none: an error
  std::unique_ptr<file::NewFile> reasons_;
  std::string named_;
  std::uint64_t count_ = 0;
};

inline void check_options(std::string_view where, const ReadOptions& options) {
  if (options.vocabulary == 0 && options.tokenizer == nullptr) {
    throw InvalidArgument(
        concat(where, ": a vocabulary or a tokenizer is needed: set ReadOptions::vocabulary or ::tokenizer"));
  }
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<TokenId>::max());
  if (options.vocabulary > most) {
    throw InvalidArgument(concat(where, ": a vocabulary of ", options.vocabulary, ", at most ", most));
  }
}

}  // namespace detail

ASTERISM_INLINE ReadExamples parse_examples(const file::StoredBytes& bytes, std::string_view where,
                                            const ReadOptions& options) {
  detail::check_options(where, options);
  ReadExamples read;
  detail::BadRows bad(where, options.skipped);
  detail::LineReader lines(bytes, options.longest_line);
  detail::Row row;
  while (lines.next()) {
    if (lines.too_long()) {
      ++read.rows;
      bad.add(lines.number(), concat("is longer than ", options.longest_line, " bytes"), nullptr);
      continue;
    }
    if (lines.line().find_first_not_of(" \t\r") == std::string::npos) continue;
    ++read.rows;
    try {
      detail::read_row(lines.line(), concat(where, ", line ", lines.number()), options, row);
    } catch (const FormatError& error) {
      bad.add(lines.number(), error.what(), &lines.line());
      continue;
    }
    read.examples.add({row.ids, row.counts});
  }
  bad.finish();
  read.skipped = bad.count();
  if (read.examples.empty()) {
    throw FormatError(
        concat(where, ": no example to train on in ", read.rows, " rows",
               read.skipped == 0 ? "" : concat("; ", options.skipped, ".reasons tells what is wrong")));
  }
  return read;
}

ASTERISM_INLINE ReadExamples read_examples(const std::string& path, const ReadOptions& options) {
  const file::InputFile file(path);
  file.advise_sequential();
  return parse_examples({file, 0, file.size()}, path, options);
}

}  // namespace asterism::train
