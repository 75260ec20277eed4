// A classifier by what a language model makes of a query.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/assistant/classifier_labels.hpp"
#include "asterism/assistant/ngram_classifier.hpp"
#include "asterism/assistant/softmax_regression.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/encode/model_encoder.hpp"

namespace asterism::assistant {

/// Logistic regression over encode::ModelEncoder's vector of a query: the mean of the last hidden states, of length 1.
/// Models QueryClassifier. Costs a pass over the query's tokens. The model must outlive it.
template <class B>
class HiddenClassifier {
 public:
  /// Knows nothing. Draws the caches of a session; throws as ModelEncoder.
  HiddenClassifier(Labels labels, const LanguageModel<B>& model)
      : labels_(std::move(labels)),
        encoder_(std::make_unique<encode::ModelEncoder<B>>(model)),
        regression_(labels_.size(), encoder_->dim()) {}
  /// `regression` of as many labels, and as many inputs as the model's hidden states have; InvalidArgument otherwise.
  HiddenClassifier(Labels labels, const LanguageModel<B>& model, SoftmaxRegression regression)
      : HiddenClassifier(std::move(labels), model) {
    if (regression.labels() != labels_.size() || regression.inputs() != encoder_->dim()) {
      throw InvalidArgument(concat("a regression of ", regression.inputs(), " inputs to ", regression.labels(),
                                   " labels, for hidden states of ", encoder_->dim(), " numbers and ",
                                   labels_.size(), " labels: it was made for another model"));
    }
    regression_ = std::move(regression);
  }

  View<const std::string> labels() const { return labels_.names(); }
  const SoftmaxRegression& regression() const { return regression_; }

  void classify(std::string_view query, View<double> probabilities) const {
    regression_.classify(features_of(query), probabilities);
  }

  /// Learns queries with their kinds, from zeros. Returns the mean loss of the last epoch in nats.
  double fit(View<const LabelledQuery> queries, const FitOptions& options = {}) {
    SoftmaxRegression fitted(labels_.size(), encoder_->dim());
    std::vector<Example> examples;
    for (const LabelledQuery& one : queries) examples.push_back({features_of(one.query), one.label});
    const double loss = fitted.fit(examples, options);
    regression_ = std::move(fitted);
    return loss;
  }

 private:
  std::vector<Feature> features_of(std::string_view query) const {
    std::vector<float> vector(encoder_->dim());
    encoder_->encode(View<const std::string_view>(&query, 1), MatrixView<float>(vector.data(), 1, vector.size()));
    std::vector<Feature> features;
    for (const float value : vector) features.push_back({static_cast<std::uint32_t>(features.size()), value});
    return features;
  }

  Labels labels_;
  std::unique_ptr<encode::ModelEncoder<B>> encoder_;  ///< it has a mutex
  SoftmaxRegression regression_;
};

}  // namespace asterism::assistant
