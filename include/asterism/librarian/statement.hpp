// What a text says, as far as it decides whether another says the same: figures, names, and what it is about.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/knowledge/types.hpp"

namespace asterism::librarian {

/// Two texts whose statements differ say different things, though their vectors may be all but equal: "guard 6" and
/// "guard 7" lie at a cosine of 0.96.
struct Statement {
  std::uint16_t kind = 0;
  bool mergeable = false;              ///< the schema says so of its kind
  std::vector<std::string> figures{};  ///< words with digits, folded, as they stand in the text
  std::vector<std::string> names{};    ///< folded, ascending, each once
  knowledge::NodeId about = knowledge::no_node;
  std::optional<std::uint16_t> relation{};
  friend bool operator==(const Statement&, const Statement&) = default;
};

/// Where a word stands in a text: bytes [begin, end).
struct Word {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Runs of letters, digits and bytes beyond ASCII; points and hyphens between two of them belong to the word.
std::vector<Word> words_of(std::string_view text);

/// Where the folded text holds the folded phrase, whole words of it; npos where it does not.
std::size_t find_phrase(std::string_view folded_text, std::string_view phrase);
bool holds_phrase(std::string_view folded_text, std::string_view phrase);

/// The words with a digit, folded, in the order of the text, with a minus right before them.
std::vector<std::string> figures_of(std::string_view text);

/// Words that begin with a capital, folded, ascending, each once; the first word only if the next one does too, as it
/// begins a sentence.
std::vector<std::string> capitalised(std::string_view text);

}  // namespace asterism::librarian

#if !defined(ASTERISM_COMPILED)
#include "asterism/librarian/statement_impl.hpp"
#endif
