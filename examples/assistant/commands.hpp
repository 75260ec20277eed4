// The commands of the program, and what they are told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../support/interrupt.hpp"

namespace example {

struct Arguments {
  std::string checkpoint;  ///< of the base model; empty: the repository's
  std::string folder;      ///< of classifier and personas; empty: the repository's
  std::string feedback = "feedback.jsonl";
  std::string query;
  std::string kind;
  std::string store;
  std::uint32_t nodes = 50'000;
  std::vector<std::string> facts;
  std::string gate = "mass";
  std::string combine = "product";
  std::string to;
  std::string tune;
  std::vector<std::string> files;
  std::size_t count = 0;
  std::size_t limit = 0;
  std::uint64_t seed = 0;
  std::int32_t max_tokens = 64;
  bool greedy = false;
  bool show_steps = false;
};

/// A query is answered by the personas that its kind asks for.
int ask(const Arguments& arguments, const Interrupt& interrupt);
/// What the classifier says of a query, or how good it is on files of questions.
int classify(const Arguments& arguments);
/// A classifier is trained on files of queries and written to a folder.
int fit(const Arguments& arguments);
/// A query is of this kind: the classifier learns it.
int feedback(const Arguments& arguments);
/// All feedback but the first is forgotten.
int rollback(const Arguments& arguments);
/// Base, personas and combinations answer the same questions.
int arms(const Arguments& arguments, const Interrupt& interrupt);

}  // namespace example
