// What was looked up is held against the facts that a question needs.
#include "recall.hpp"

#include <algorithm>
#include <asterism/core/format.hpp>
#include <asterism/knowledge/adjacency.hpp>
#include <asterism/knowledge/fold.hpp>
#include <asterism/librarian/statement.hpp>

namespace example {

namespace {

/// The rules that all blocks of a type have: those that it needs.
std::map<std::string, std::set<std::string>> rules_by_type(const std::vector<AskedQuestion>& questions) {
  std::map<std::string, std::set<std::string>> rules;
  std::set<std::string> seen;
  for (const AskedQuestion& one : questions) {
    std::set<std::string> here;
    for (const std::string& sentence : one.block) {
      if (sentence.starts_with("Rule ")) here.insert(sentence);
    }
    if (seen.insert(one.type).second) {
      rules[one.type] = here;
    } else {
      std::erase_if(rules[one.type], [&](const std::string& rule) { return here.count(rule) == 0; });
    }
  }
  return rules;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

std::string percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? "-" : concat(fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1), " %");
}

}  // namespace

Recall::Recall(const std::vector<AskedQuestion>& questions) : rules_(rules_by_type(questions)) {}

void Recall::count(const Experiment::Snapshot& snapshot, const AskedQuestion& asked,
                   const librarian::Consulted& found, double seconds) {
  seconds_.push_back(seconds);
  if (!asked.absent.empty()) {
    ++absent_;
    const std::string name = knowledge::folded(asked.absent);
    const bool speaks = std::any_of(found.hits.begin(), found.hits.end(), [&](const librarian::ConsultHit& hit) {
      return librarian::holds_phrase(knowledge::folded(hit.text), name);
    });
    speaks_of_absent_ += speaks ? 1 : 0;
    return;
  }
  if (asked.is_log() || asked.about.empty()) return;
  ++questions_;
  std::set<knowledge::NodeId> owners;
  for (std::size_t i = 0; i < std::min<std::size_t>(5, found.hits.size()); ++i) {
    for (const auto& edge : snapshot.edges(found.hits[i].id, knowledge::Direction::in)) owners.insert(edge.from);
  }
  const bool all = std::all_of(asked.about.begin(), asked.about.end(), [&](const std::string& id) {
    const auto nodes = snapshot.find(id);
    return !nodes.empty() && owners.count(nodes.front()) != 0;
  });
  subjects_ += all ? 1 : 0;
  const std::set<std::string>& rules = rules_.at(asked.type);
  bool needed = false;
  bool there = false;
  for (const std::string& sentence : asked.block) {
    if (rules.count(sentence) == 0) continue;
    needed = true;
    there = there || std::any_of(found.hits.begin(), found.hits.end(),
                                 [&](const librarian::ConsultHit& hit) { return hit.text == sentence; });
  }
  if (!needed) return;
  ++with_rule_;
  rule_ += there ? 1 : 0;
}

std::string Recall::table() const {
  std::string text = "What was looked up\n";
  const auto row = [&](const char* what, const std::string& value) {
    text += concat("  ", pad_right(what, 52), pad_left(value, 12), "\n");
  };
  row("all subjects among the owners of the first 5 facts", percent(subjects_, questions_));
  row("the rule in the block, where one is needed", percent(rule_, with_rule_));
  if (absent_ > 0) row("blocks that speak of what there is not", percent(speaks_of_absent_, absent_));
  row("milliseconds, median", fixed(1000 * percentile(seconds_, 0.5), 2));
  row("milliseconds, 95 of 100", fixed(1000 * percentile(seconds_, 0.95), 2));
  return text;
}

}  // namespace example
