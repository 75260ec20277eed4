// Questions with known answers, one JSON object a line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/file/mapped_file.hpp"

namespace asterism::lab {

/// A prompt and the one answer that is right.
struct Question {
  std::string id;      ///< names it in reports; unique in its file
  std::string split;   ///< which part of the data it belongs to; may be empty
  std::string kind;    ///< what sort of question it is; may be empty
  std::string prompt;  ///< not empty
  std::string answer;  ///< the known one, without blanks around it; empty where none is known
};

/// A question file has at most this many bytes.
inline constexpr std::uint64_t max_question_file = std::uint64_t{256} << 20U;

/// `text` without the blanks (space, tab, line feed, carriage return) around it.
std::string_view trimmed(std::string_view text);

/// Questions in JSON Lines (jsonlines.org): an object a line with the string `prompt`, and optionally `answer`, `id`
/// (else "line N"), `split` and `kind`; other members are for other readers. Empty lines are skipped. `where` names
/// the source in messages. Throws FormatError naming the line: no JSON object, no prompt, a member that is empty or
/// no string, an answer with blanks around it, the same id twice; and where there is no question at all. Thread-safe.
std::vector<Question> parse_questions(std::string_view text, std::string_view where);

/// A number below 2^53 that differs, all but certainly, where any text of any question does, or their order.
std::uint64_t fingerprint(std::span<const Question> questions);

/// The questions of a file; FileError where it can't be read or is larger than `max_question_file`.
std::vector<Question> read_questions(const std::string& path);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/question_set_impl.hpp"
#endif
