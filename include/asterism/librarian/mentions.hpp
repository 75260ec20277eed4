// The names of a graph that a text contains.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/schema.hpp"
#include "asterism/knowledge/types.hpp"
#include "asterism/librarian/statement.hpp"

namespace asterism::librarian {

/// A name in a text, and the nodes that have it.
struct Mention {
  std::string name{};                      ///< folded
  std::vector<knowledge::NodeId> nodes{};  ///< ascending
};

/// How many words a name may have.
inline constexpr std::size_t longest_name = 8;

/// The names and aliases of the snapshot that stand in the text, whatever their case and form, in the order of the
/// text; of those that overlap the one that begins first, of these the longest. Names begin and end with a word.
template <class Snapshot>
std::vector<Mention> mentions(const Snapshot& snapshot, std::string_view text) {
  const std::string whole = knowledge::folded(text);
  const std::vector<Word> words = words_of(whole);
  std::vector<Mention> all;
  for (std::size_t i = 0; i < words.size();) {
    std::size_t next = i + 1;
    for (std::size_t end = std::min(words.size(), i + longest_name); end > i; --end) {
      std::string name = whole.substr(words[i].begin, words[end - 1].end - words[i].begin);
      std::vector<knowledge::NodeId> nodes = snapshot.find(name);
      if (nodes.empty()) continue;
      all.push_back({std::move(name), std::move(nodes)});
      next = end;
      break;
    }
    i = next;
  }
  return all;
}

/// True for names of several words: a single word may be a name and still tell what is asked, as "race" does.
inline bool is_name_alone(const Mention& mention) { return mention.name.find(' ') != std::string::npos; }

/// The folded text with its names of several words left out: what a question asks, not of whom.
inline std::string masked(std::string text, const std::vector<Mention>& names) {
  for (const Mention& name : names) {
    const std::size_t at = find_phrase(text, name.name);
    if (at != std::string::npos && is_name_alone(name)) text.replace(at, name.name.size(), "_");
  }
  return text;
}

/// By what a question is remembered and found again: what it asks, not of whom.
template <class Snapshot>
std::string masked_question(const Snapshot& snapshot, std::string_view question) {
  return masked(knowledge::folded(question), mentions(snapshot, question));
}

/// What a memory has encoded of a node: a question masked, else its text, or its name where it has none. For
/// knowledge::reencode.
template <class Snapshot>
std::string encoded_text(const Snapshot& snapshot, const knowledge::Node& node) {
  if constexpr (requires { Snapshot::Schema::question_kind; }) {
    if (node.kind == knowledge::number(Snapshot::Schema::question_kind)) {
      return masked_question(snapshot, node.text);
    }
  }
  return node.text.empty() ? node.name : node.text;
}

}  // namespace asterism::librarian
