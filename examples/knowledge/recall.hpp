// How well the right facts were found.
#pragma once

#include <asterism/librarian/reference_desk.hpp>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "asked.hpp"
#include "experiment.hpp"

namespace example {

/// Counts over the questions of a file.
class Recall {
 public:
  explicit Recall(const std::vector<AskedQuestion>& questions);

  /// What was found for one of them, and how long that took.
  void count(const Experiment::Snapshot& snapshot, const AskedQuestion& asked, const librarian::Consulted& found,
             double seconds);
  /// Lines for people.
  std::string table() const;

 private:
  std::map<std::string, std::set<std::string>> rules_;  ///< by type of question
  std::size_t questions_ = 0;
  std::size_t subjects_ = 0;   ///< of which all things asked about are among the first five facts' owners
  std::size_t with_rule_ = 0;  ///< questions that need a rule
  std::size_t rule_ = 0;       ///< of which it is in the block
  std::size_t speaks_of_absent_ = 0;
  std::size_t absent_ = 0;
  std::vector<double> seconds_{};
};

}  // namespace example
