// Questions of the game with their blocks, as experience and as an experiment.
#pragma once

#include <algorithm>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/file/path.hpp>
#include <asterism/json/json.hpp>
#include <asterism/knowledge/adjacency.hpp>
#include <asterism/lab/question_set.hpp>
#include <asterism/librarian/cards/dates.hpp>
#include <asterism/librarian/cards/schema.hpp>
#include <asterism/librarian/cards/sentences.hpp>
#include <asterism/librarian/experience.hpp>
#include <asterism/librarian/report.hpp>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace example {

using namespace asterism;
using librarian::CardGame;

/// A question with what its file says beside it.
struct AskedQuestion {
  lab::Question question{};
  std::string text{};                ///< what is asked, without block and roles
  std::vector<std::string> block{};  ///< its sentences, without points
  std::string type{};
  std::vector<std::string> about{};  ///< ids of things
  std::string absent{};              ///< a name that nothing has
  std::optional<knowledge::Time> as_of{};

  bool is_log() const { return question.kind == "RETROSPECT"; }
};

inline constexpr std::string_view open_marker = "[KNOWLEDGE]";
inline constexpr std::string_view close_marker = "[/KNOWLEDGE]";

/// The prompt with another block; "[KNOWLEDGE] [/KNOWLEDGE]" where that is empty.
inline std::string with_block(const std::string& prompt, const std::string& block) {
  const std::size_t begin = prompt.find(open_marker);
  const std::size_t end = prompt.find(close_marker);
  if (begin == prompt.npos || end == prompt.npos) throw FormatError("a prompt has no block of knowledge");
  return concat(prompt.substr(0, begin), block.empty() ? concat(open_marker, " ", close_marker) : block,
                prompt.substr(end + close_marker.size()));
}

/// The questions of a file in JSON Lines. Errors as lab::read_questions.
inline std::vector<AskedQuestion> read_asked(const std::string& path) {
  const std::vector<lab::Question> questions = lab::read_questions(path);
  std::vector<AskedQuestion> all;
  std::istringstream lines(file::read_file(path, lab::max_question_file));
  std::size_t next = 0;
  for (std::string line; std::getline(lines, line);) {
    if (lab::trimmed(line).empty()) continue;
    const json::Value object = json::parse(line, concat(path, ", question ", next + 1));
    AskedQuestion one{.question = questions.at(next++)};
    const std::string& prompt = one.question.prompt;
    const auto between = [&](std::string_view before, std::string_view after) -> std::string {
      const std::size_t begin = prompt.find(before);
      const std::size_t end = prompt.find(after);
      if (begin == prompt.npos || end == prompt.npos) {
        throw FormatError(
            concat(path, ": question ", one.question.id, " has no '", before, "' before '", after, "'"));
      }
      return std::string(lab::trimmed(prompt.substr(begin + before.size(), end - begin - before.size())));
    };
    one.text = between("Query:", "\nResponse:");
    std::string block = between(open_marker, close_marker);
    while (!block.empty()) {
      const std::size_t end = block.find(". ");
      one.block.push_back(librarian::cards::without_point(block.substr(0, end)));
      block = end == block.npos ? "" : block.substr(end + 2);
    }
    one.type = object.value("type", "");
    one.absent = object.value("absent", "");
    if (object.contains("about")) one.about = object["about"].get<std::vector<std::string>>();
    if (object.contains("as_of")) {
      one.as_of = librarian::cards::parse_instant(object["as_of"].get<std::string>(), one.question.id);
    }
    all.push_back(std::move(one));
  }
  return all;
}

/// The questions of a game's folder whose answers are known beforehand.
inline std::vector<AskedQuestion> training_questions(const std::string& folder) {
  return read_asked(folder + "/questions/training.jsonl");
}

/// Facts of a snapshot by their text.
template <class Snapshot>
std::map<std::string, knowledge::NodeId> facts_by_text(const Snapshot& snapshot) {
  std::map<std::string, knowledge::NodeId> facts;
  snapshot.for_each_node([&](const knowledge::Node& node) {
    if (node.kind == knowledge::number(CardGame::NodeKind::fact)) facts[node.text] = node.id;
  });
  return facts;
}

/// The sentences of a question's block that served its answer: what is said of the things that it is about, or hangs
/// together with them, and what hangs together with no other thing of the block.
template <class Snapshot>
std::vector<knowledge::NodeId> served(const Snapshot& snapshot,
                                      const std::map<std::string, knowledge::NodeId>& facts,
                                      const AskedQuestion& asked) {
  constexpr std::uint64_t used = knowledge::edge_kinds(CardGame::EdgeKind::used);
  std::vector<knowledge::NodeId> about;
  for (const std::string& id : asked.about) {
    for (const knowledge::NodeId node : snapshot.find(id)) about.push_back(node);
  }
  std::vector<knowledge::NodeId> in_block;
  std::vector<knowledge::NodeId> others;
  for (const std::string& sentence : asked.block) {
    const auto fact = facts.find(sentence);
    if (fact == facts.end()) continue;
    in_block.push_back(fact->second);
    for (const knowledge::Edge& edge : snapshot.edges(fact->second, knowledge::Direction::in)) {
      const auto owner = snapshot.node(edge.from);
      if (owner->kind == knowledge::number(CardGame::NodeKind::card) &&
          std::count(about.begin(), about.end(), edge.from) == 0) {
        others.push_back(edge.from);
      }
    }
  }
  std::vector<knowledge::NodeId> all;
  for (const knowledge::NodeId fact : in_block) {
    const knowledge::Unlimited unlimited;
    if (!librarian::pattern_to(snapshot, about, fact, used, unlimited).steps.empty() ||
        librarian::pattern_to(snapshot, others, fact, used, unlimited).steps.empty()) {
      all.push_back(fact);
    }
  }
  return all;
}

/// The questions of a file as experience: answered ones, with what served. Logs are left out: they tell of one game
/// alone.
template <class Snapshot>
std::vector<librarian::Answered> experience_of(const Snapshot& snapshot,
                                               const std::vector<AskedQuestion>& questions) {
  const auto facts = facts_by_text(snapshot);
  std::vector<librarian::Answered> all;
  for (const AskedQuestion& one : questions) {
    if (one.is_log()) continue;
    all.push_back({one.text, served(snapshot, facts, one), one.question.split});
  }
  return all;
}

}  // namespace example
