// How good a classifier is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "asterism/assistant/concept.hpp"
#include "asterism/assistant/ngram_classifier.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// Counts what a classifier says of queries whose kind is known. Not thread-safe.
class ClassifierScore {
 public:
  explicit ClassifierScore(std::size_t labels) : labels_(labels), counts_(labels * labels), bins_(bins) {}

  /// A query of kind `label`, and what the classifier says of it. InvalidArgument for other labels.
  void add(View<const double> probabilities, std::size_t label);

  std::size_t queries() const { return queries_; }
  /// Queries of kind `label` of which `said` was the most probable label.
  std::size_t count(std::size_t label, std::size_t said) const { return counts_[label * labels_ + said]; }
  double accuracy() const;
  /// 2 * precision * recall / (precision + recall) of a label; 0 where neither a query of it nor a word of it is right.
  double f1(std::size_t label) const;
  /// The mean over all labels.
  double macro_f1() const;
  /// The expected calibration error over 15 bins of equal width of the best label's probability. Source: Naeini et al.,
  /// Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015.
  double calibration_error() const;

 private:
  static constexpr std::size_t bins = 15;
  struct Bin {
    std::size_t queries = 0;
    std::size_t right = 0;
    double probability = 0;  ///< sum of what was said of the best label
  };

  std::size_t labels_;
  std::size_t queries_ = 0;
  std::vector<std::size_t> counts_;
  std::vector<Bin> bins_;
};

/// Asks a classifier about queries.
template <QueryClassifier C>
ClassifierScore score(C& classifier, View<const LabelledQuery> queries) {
  ClassifierScore out(classifier.labels().size);
  std::vector<double> probabilities(classifier.labels().size);
  for (const LabelledQuery& one : queries) {
    classifier.classify(one.query, probabilities);
    out.add(probabilities, one.label);
  }
  return out;
}

/// A table of what was said of each kind, with F1, accuracy and calibration; within 80 columns for five labels.
std::string table(const ClassifierScore& score, View<const std::string> labels);

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/classifier_score_impl.hpp"
#endif
