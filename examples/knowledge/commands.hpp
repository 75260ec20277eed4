// The commands of the program, and what they are told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../support/interrupt.hpp"

namespace example {

struct Arguments {
  std::string store = "knowledge.db";
  std::uint32_t nodes = 50'000;
  std::string folder;
  std::string cards;
  std::string at;
  bool quarantine = false;
  bool no_texts = false;
  std::string name;
  std::string question;
  std::string as_of;
  std::uint64_t known = 0;  ///< 0: the last version
  std::uint32_t hits = 10;
  std::uint64_t version = 0;
  std::uint64_t other = 0;
  std::string source;
  std::string to;
  std::string format;
  std::string json;
  std::string reports;
  std::vector<std::string> questions;
  std::string checkpoint;
  std::string encoder = "fitted";
  std::size_t limit = 0;
  bool hooks = false;
  std::string walk = "pagerank";
  bool quiet = false;
};

/// A folder's files become the graph.
int build(const Arguments& arguments, const Interrupt& interrupt);
/// What the graph holds, or what it holds of a thing.
int inspect(const Arguments& arguments);
/// Facts for a question, each with why it is there.
int query(const Arguments& arguments);
/// Answered questions become experience.
int learn(const Arguments& arguments);
/// A model answers a question from the graph.
int ask(const Arguments& arguments, const Interrupt& interrupt);
/// What the graph does to a model's answers.
int arms(const Arguments& arguments, const Interrupt& interrupt);
/// Versions, or what was and is said of a thing.
int history(const Arguments& arguments);
/// What differs between two versions.
int diff(const Arguments& arguments);
/// An earlier version is the last one again.
int rollback(const Arguments& arguments);
/// A source's word is taken back.
int forget(const Arguments& arguments);
/// Whether every row is as it was written.
int verify(const Arguments& arguments);
/// Reports of a file are filed.
int file_reports(const Arguments& arguments);
/// The encoder is fitted to the texts that there are, and makes all vectors again.
int reencode(const Arguments& arguments);
/// The file gives back the space of what is gone.
int compact(const Arguments& arguments);
/// The last version as a file of another format.
int export_to(const Arguments& arguments, const Interrupt& interrupt);
/// A file that `export` wrote becomes a graph.
int import_from(const Arguments& arguments, const Interrupt& interrupt);

}  // namespace example
