// Training examples from JSON Lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/text/chat_template.hpp"
#include "asterism/text/tokenizer.hpp"
#include "asterism/train/data/examples.hpp"

namespace asterism::train {

/// How rows become examples.
struct ReadOptions {
  std::size_t vocabulary = 0;                  ///< ids are below it; 0: the tokenizer's
  std::size_t sequence = 0;                    ///< tokens of an example at most; 0: any number
  const text::Tokenizer* tokenizer = nullptr;  ///< for rows of text; outlives the call
  const text::ChatTemplate* chat = nullptr;    ///< render questions and answers with it; outlives the call
  text::EncodeOptions encode{};                ///< for text that no chat template renders
  std::string before_answer{};   ///< put between question and answer where no chat template does, such as " "
  std::optional<TokenId> end{};  ///< appended to text that no chat template renders; predicting it counts
  bool count_prompts = false;    ///< the predictions of questions count as well
  std::string skipped{};         ///< where to copy rows that can't be trained on; empty: they are an error
  std::size_t longest_line = 1U << 26U;  ///< bytes; a longer line is not read
};

/// What was read.
struct ReadExamples {
  Examples examples;
  std::uint64_t rows = 0;     ///< lines but for empty ones
  std::uint64_t skipped = 0;  ///< of them left out
};

/// Rows named in one error.
inline constexpr std::size_t most_named_rows = 20;

/// Reads a file of JSON Lines (jsonlines.org), from beginning to end in pieces, so that memory is that of the examples
/// and of one line. Each line is an object with one of
///
///     "ids": [1, 7, 2]                with or without "counts": [0, 1, 0], as in Example; without, all count
///     "text": "..."                   all of it counts
///     "input", "output"
///     "prompt", "completion"        "answer" in place of "completion" too, as in lab's question files
///     "question", "answer"
///     "instruction", "response"       "output" in place of "response" too; "input", if it is there and not empty,
///                                     is put behind the instruction, with an empty line between
///
/// all strings not empty; other members are ignored, empty lines skipped. Of a question and an answer, the tokens that
/// the question alone would have too do not count, so the predictions of the answer's tokens do, and that of its end.
/// With a chat template the question is the user's message and the answer the assistant's.
///
/// A row is refused if it is no JSON object, has none of these or more than one, lacks one of two, has an empty text,
/// an id outside the vocabulary, more tokens than `sequence`, fewer than two, or nothing that counts. Throws
/// FormatError naming the file, and the line and reason of up to most_named_rows such rows; reading ends there. With
/// `options.skipped` they are copied into that file instead, as they are, to be mended and appended, and counted; the
/// file of that name with ".reasons" behind it says why, {"file", "line", "reason"} a line. A line longer than
/// `longest_line` is named there and not copied. FormatError too if no example is left; FileError if a file can't be
/// read or written; InvalidArgument for a row of text without a tokenizer, and without any vocabulary; Unsupported for
/// a chat template that is. Thread-safe; allocates.
ReadExamples read_examples(const std::string& path, const ReadOptions& options);

/// The same of bytes in memory or in a file; `where` names them in messages.
ReadExamples parse_examples(const file::StoredBytes& bytes, std::string_view where, const ReadOptions& options);

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/data/read_examples_impl.hpp"
#endif
