// The graph that an experiment asks: a game's files, experience and logs, in memory.
#pragma once

#include <asterism/backend/arena.hpp>
#include <asterism/core/random.hpp>
#include <asterism/knowledge/attention_walk.hpp>
#include <asterism/knowledge/graph.hpp>
#include <asterism/knowledge/index/flat.hpp>
#include <asterism/knowledge/store/memory.hpp>
#include <asterism/librarian/block.hpp>
#include <asterism/librarian/cards/schema.hpp>
#include <asterism/librarian/reference_desk.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "any_encoder.hpp"
#include "asked.hpp"

namespace example {

/// A graph of a game's files, of questions that were answered, and of the logs of all questions that are to be asked.
class Experiment {
 public:
  using Graph = knowledge::KnowledgeGraph<CardGame, index::Flat<>, store::Memory>;
  using Snapshot = Graph::Snapshot;

  /// `learnt`: the graph is walked as experience teaches it, not by PageRank.
  Experiment(const std::string& folder, const std::vector<std::vector<AskedQuestion>>& asked, AnyEncoder encoder,
             bool learnt = false);

  /// What is found for a question on the shelves of `only`, on all where that is empty, in a block of at most `tokens`.
  librarian::Consulted consult(const AskedQuestion& asked, std::vector<librarian::Shelf> only,
                               const librarian::BlockWriter& writer, std::size_t tokens) const;
  const Snapshot& snapshot() const { return *snapshot_; }
  /// As many facts, by chance.
  std::string random_block(std::size_t count, Random& random, const librarian::BlockWriter& writer,
                           std::size_t tokens) const;

 private:
  AnyEncoder encoder_;
  backend::Arena arena_;
  Graph graph_;
  std::optional<Snapshot> snapshot_{};
  std::optional<knowledge::AttentionWalk> walk_{};
  std::vector<librarian::Category> categories_ = librarian::one_category();
  std::vector<std::string> facts_{};
};

}  // namespace example
