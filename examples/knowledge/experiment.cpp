// The graph of an experiment is filled, and asked.
#include "experiment.hpp"

#include <asterism/librarian/cards/ingest.hpp>
#include <asterism/librarian/cards/ingest_log.hpp>
#include <asterism/librarian/cards/read_game.hpp>
#include <asterism/librarian/experience.hpp>
#include <asterism/librarian/learn_walk.hpp>
#include <asterism/librarian/librarian.hpp>
#include <asterism/parallel/execution_ref.hpp>
#include <cstdint>
#include <string_view>
#include <utility>

namespace example {

namespace {

knowledge::KnowledgeLimits limits(std::size_t dim) {
  return {.nodes = 40'000, .dim = static_cast<std::uint32_t>(dim), .edges = 400'000, .text = Bytes{16'000'000}};
}

}  // namespace

Experiment::Experiment(const std::string& folder, const std::vector<std::vector<AskedQuestion>>& asked,
                       AnyEncoder encoder, bool learnt)
    : encoder_(std::move(encoder)),
      arena_(0, Graph::bytes(limits(encoder_.dim()))),
      graph_(arena_, limits(encoder_.dim()), store::Memory(), parallel::ExecutionRef(index::detail::on_the_caller),
             {.encoder = encoder_.fingerprint()}) {
  namespace cards = librarian::cards;
  const knowledge::Time start{0};
  cards::ingest(graph_, encoder_, cards::read_game(folder), {.at = start});
  const std::vector<librarian::Answered> known = experience_of(graph_.snapshot(), training_questions(folder));
  librarian::Librarian librarian(graph_, encoder_);
  librarian.remember(View<const librarian::Answered>(known), start);
  for (const auto& file : asked) {
    for (const AskedQuestion& one : file) {
      if (!one.is_log()) continue;
      const std::vector<std::string_view> sentences(one.block.begin(), one.block.end());
      std::vector<knowledge::Time> times;
      for (std::size_t i = 0; i < sentences.size(); ++i)
        times.push_back({static_cast<std::int64_t>(i) * 60'000'000});
      cards::ingest_log(graph_, encoder_, one.question.id, View<const std::string_view>(sentences),
                        View<const knowledge::Time>(times), start);
    }
  }
  snapshot_.emplace(graph_.snapshot());
  // From a card by its keyword and the rule that governs that to what the rule states are three edges.
  if (learnt) walk_ = librarian::learn_walk(*snapshot_, librarian::longest_pattern);
  for (const auto& [text, id] : facts_by_text(*snapshot_)) facts_.push_back(text);
}

librarian::Consulted Experiment::consult(const AskedQuestion& asked, std::vector<librarian::Shelf> only,
                                         const librarian::BlockWriter& writer, std::size_t tokens) const {
  librarian::ConsultOptions options{
      .budget = {.tokens = tokens}, .hits = 10, .margin = 0.06, .only = std::move(only)};
  if (asked.is_log()) {  // of this game, among all others: a log is told as a whole
    options.allowed = {.kinds = knowledge::kinds(CardGame::NodeKind::event), .source = asked.question.id};
    options.margin = 1;
  }
  const Snapshot then = asked.as_of ? snapshot_->as_of(*asked.as_of) : *snapshot_;
  if (walk_) {
    const librarian::ReferenceDesk<Snapshot, AnyEncoder, knowledge::AttentionWalk> desk(
        then, encoder_, categories_, librarian::steady_seconds, *walk_);
    return desk.consult(asked.text, options, &writer);
  }
  return librarian::ReferenceDesk(then, encoder_, categories_).consult(asked.text, options, &writer);
}

std::string Experiment::random_block(std::size_t count, Random& random, const librarian::BlockWriter& writer,
                                     std::size_t tokens) const {
  std::vector<std::string_view> facts;
  for (std::size_t i = 0; i < count; ++i) facts.push_back(facts_[random.below(facts_.size())]);
  return writer.write(View<const std::string_view>(facts), tokens).text;
}

}  // namespace example
