// A classifier without a model: which words and parts of words a query has.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/assistant/classifier_labels.hpp"
#include "asterism/assistant/query_features.hpp"
#include "asterism/assistant/softmax_regression.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// A query and its kind.
struct LabelledQuery {
  std::string query;
  std::size_t label = 0;
};

/// Logistic regression over QueryFeatures. Models QueryClassifier; `classify` may be called from several threads while
/// nobody learns.
class NgramClassifier {
 public:
  /// Knows nothing: every label is as probable as the others.
  explicit NgramClassifier(Labels labels, QueryFeatures features = QueryFeatures())
      : labels_(std::move(labels)), features_(features), regression_(labels_.size(), features_.buckets()) {}
  /// `regression` of as many labels, and as many inputs as features has buckets; InvalidArgument otherwise.
  NgramClassifier(Labels labels, QueryFeatures features, SoftmaxRegression regression)
      : labels_(std::move(labels)), features_(features), regression_(std::move(regression)) {
    labels_.check_places(regression_.labels());
    if (regression_.inputs() == features_.buckets()) return;
    throw InvalidArgument(concat("a regression of ", regression_.inputs(), " inputs for features in ",
                                 features_.buckets(), " buckets"));
  }

  View<const std::string> labels() const { return labels_.names(); }
  const SoftmaxRegression& regression() const { return regression_; }
  const QueryFeatures& features() const { return features_; }

  void classify(std::string_view query, View<double> probabilities) const {
    regression_.classify(features_.of(query), probabilities);
  }

  /// Learns queries with their kinds, from zeros. Returns the mean loss of the last epoch in nats.
  double fit(View<const LabelledQuery> queries, const FitOptions& options = {}) {
    SoftmaxRegression fitted(labels_.size(), features_.buckets());
    std::vector<Example> examples;
    for (const LabelledQuery& one : queries) examples.push_back({features_.of(one.query), one.label});
    const double loss = fitted.fit(examples, options);
    regression_ = std::move(fitted);
    return loss;
  }
  /// One step toward a label; see SoftmaxRegression::learn.
  void learn(std::string_view query, std::size_t label, double rate) {
    regression_.learn(features_.of(query), label, rate);
  }

 private:
  Labels labels_;
  QueryFeatures features_;
  SoftmaxRegression regression_;
};

}  // namespace asterism::assistant
