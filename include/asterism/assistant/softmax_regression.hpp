// Multinomial logistic regression over sparse inputs, as a classifier learns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/assistant/query_features.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// What a model is fitted to.
struct Example {
  std::vector<Feature> features;
  std::size_t label = 0;
};

struct FitOptions {
  std::int32_t epochs = 20;  ///< passes over the examples, each in an order of its own
  double rate = 0.5;         ///< of AdaGrad
  double decay = 1e-6;       ///< of weights, in each step that meets them
  std::uint64_t seed = 1;    ///< of the orders
};

/// P(label | x) = softmax(W x + b): weights (labels, inputs) and biases (labels) in float32, sums in double. Not
/// thread-safe while it learns.
class SoftmaxRegression {
 public:
  /// Zeros. InvalidArgument unless there are at least two labels and one input.
  SoftmaxRegression(std::size_t labels, std::size_t inputs);

  std::size_t labels() const { return bias_.size(); }
  std::size_t inputs() const { return inputs_; }
  /// (labels, inputs), row-major.
  View<float> weights() { return weights_; }
  View<const float> weights() const { return weights_; }
  View<float> bias() { return bias_; }
  View<const float> bias() const { return bias_; }

  /// Probabilities (labels) of features whose indices are below inputs(). InvalidArgument otherwise.
  void classify(View<const Feature> features, View<double> probabilities) const;

  /// Fits by stochastic gradient steps, each weight with a rate of its own. Returns the mean loss of the last epoch in
  /// nats. The same examples and options give the same bits on one machine. InvalidArgument, before anything changes,
  /// for no examples, labels or inputs that there are not, and no epochs. Source: Duchi, Hazan, Singer, Adaptive
  /// subgradient methods, JMLR 2011.
  double fit(View<const Example> examples, const FitOptions& options = {});

  /// One gradient step toward a label, all weights at the same rate.
  void learn(View<const Feature> features, std::size_t label, double rate);

 private:
  void check(View<const Feature> features, std::size_t labels) const;

  std::size_t inputs_;
  std::vector<float> weights_;
  std::vector<float> bias_;
};

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/softmax_regression_impl.hpp"
#endif
