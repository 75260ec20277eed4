// Kinds of questions, and where each is looked up: data, not code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/knowledge/schema.hpp"

namespace asterism::librarian {

/// Where facts come from.
enum class Shelf : std::uint8_t {
  graph,      ///< what the question names, and what is connected with it
  words,      ///< texts with the question's words
  vectors,    ///< texts that lie near it
  experience  ///< what served questions like it
};

inline constexpr std::size_t shelves = 4;

constexpr std::string_view name_of(Shelf shelf) {
  constexpr std::string_view names[] = {"graph", "words", "vectors", "experience"};
  return names[static_cast<std::size_t>(shelf)];
}

/// A kind of question. It applies where the question names at least `least_names` nodes of the kinds `names` (none is
/// asked for where that is 0), and holds one of the cues, if there are any.
struct Category {
  std::string name{};
  knowledge::KindSet names = knowledge::any_kind;
  std::size_t least_names = 0;
  std::vector<std::string> cues{};  ///< words or phrases, folded
  std::vector<Shelf> order{Shelf::graph, Shelf::experience, Shelf::words, Shelf::vectors};
  knowledge::KindSet wanted = knowledge::any_kind;  ///< of nodes that answer it
};

/// Questions of no kind: everything is looked up, whatever is found may answer.
inline std::vector<Category> one_category() { return {{.name = "general"}}; }

}  // namespace asterism::librarian
