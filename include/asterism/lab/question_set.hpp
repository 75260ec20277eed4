// Questions with known answers, one JSON object a line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/file/path.hpp"

namespace asterism::lab {

/// A prompt and its correct answer.
struct Question {
  std::string id;      ///< identifies it in reports; unique in its file
  std::string split;   ///< which part of the data it belongs to; may be empty
  std::string kind;    ///< type of question; may be empty
  std::string prompt;  ///< not empty
  std::string answer;  ///< the known one, without surrounding blanks; empty if unknown
};

/// Maximum size of a question file in bytes.
inline constexpr std::uint64_t max_question_file = std::uint64_t{256} << 20U;

/// `text` without surrounding blanks (space, tab, line feed, carriage return).
std::string_view trimmed(std::string_view text);

/// Parses questions in JSON Lines (jsonlines.org): one object per line with the string `prompt`, and optionally
/// `answer`, `id` (default "line N"), `split` and `kind`; other members are ignored. Empty lines are skipped.
/// `where` names the source in messages. Throws FormatError naming the line: not a JSON object, no prompt, a
/// member that is empty or not a string, an answer with surrounding blanks, a duplicate id; also if there is no
/// question at all. Thread-safe.
std::vector<Question> parse_questions(std::string_view text, std::string_view where);

/// A hash below 2^53 of all texts of all questions and their order.
std::uint64_t fingerprint(std::span<const Question> questions);

/// The questions of a file; FileError if it can't be read or is larger than `max_question_file`.
std::vector<Question> read_questions(const std::string& path);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/question_set_impl.hpp"
#endif
