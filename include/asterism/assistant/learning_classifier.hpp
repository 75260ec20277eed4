// A classifier that learns from what people say, and forgets it on request.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "asterism/assistant/feedback_journal.hpp"
#include "asterism/assistant/ngram_classifier.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// An NgramClassifier and the feedback that it has learned from: one step of gradient descent for each entry of a
/// journal, in order. Models QueryClassifier. Not thread-safe.
class LearningClassifier {
 public:
  static constexpr double default_rate = 2;

  /// Learns what the journal has. InvalidArgument for a rate that is not above 0.
  LearningClassifier(NgramClassifier base, FeedbackJournal journal, double rate = default_rate)
      : base_(std::move(base)), now_(base_), journal_(std::move(journal)), rate_(rate) {
    if (!(rate > 0 && rate < 1e6))
      throw InvalidArgument(concat("a rate of learning of ", rate, ": above 0, below 1e6"));
    for (const LabelledQuery& entry : journal_.entries()) now_.learn(entry.query, entry.label, rate_);
  }

  View<const std::string> labels() const { return now_.labels(); }
  void classify(std::string_view query, View<double> probabilities) const { now_.classify(query, probabilities); }

  const FeedbackJournal& journal() const { return journal_; }

  /// The query is of this kind. Journalled first; throws as FeedbackJournal::add, and has learned nothing then.
  void feedback(std::string_view query, std::size_t label) {
    journal_.add(query, label);
    now_.learn(query, label, rate_);
  }
  /// Forgets all feedback but the first `count`: the classifier answers as it did then, bit for bit.
  void rollback(std::size_t count) {
    journal_.keep(count);
    now_ = base_;
    for (const LabelledQuery& entry : journal_.entries()) now_.learn(entry.query, entry.label, rate_);
  }

 private:
  NgramClassifier base_;
  NgramClassifier now_;
  FeedbackJournal journal_;
  double rate_;
};

}  // namespace asterism::assistant
