// Bodies of softmax_regression.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "asterism/assistant/softmax_regression.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/random.hpp"

namespace asterism::assistant {

ASTERISM_INLINE SoftmaxRegression::SoftmaxRegression(std::size_t labels, std::size_t inputs)
    : inputs_(inputs), weights_(labels * inputs), bias_(labels) {
  if (labels >= 2 && inputs >= 1) return;
  throw InvalidArgument(concat("a regression of ", inputs, " inputs to ", labels, " labels: at least 1 and 2"));
}

ASTERISM_INLINE void SoftmaxRegression::check(View<const Feature> features, std::size_t labels) const {
  if (labels != this->labels()) {
    throw InvalidArgument(concat("probabilities of ", labels, " labels of a regression to ", this->labels()));
  }
  for (const Feature& feature : features) {
    if (feature.index < inputs_) continue;
    throw InvalidArgument(concat("input ", feature.index, " of a regression of ", inputs_));
  }
}

ASTERISM_INLINE void SoftmaxRegression::classify(View<const Feature> features, View<double> probabilities) const {
  check(features, probabilities.size);
  for (std::size_t label = 0; label < labels(); ++label) {
    double sum = double{bias_[label]};
    const View<const float> row = View<const float>(weights_).subview(label * inputs_, inputs_);
    for (const Feature& feature : features) sum += double{row[feature.index]} * double{feature.value};
    probabilities[label] = sum;
  }
  const double most = *std::max_element(probabilities.begin(), probabilities.end());
  double all = 0;
  for (double& value : probabilities) all += value = std::exp(value - most);
  for (double& value : probabilities) value /= all;
}

ASTERISM_INLINE double SoftmaxRegression::fit(View<const Example> examples, const FitOptions& options) {
  if (examples.empty() || options.epochs < 1 || !(options.rate > 0)) {
    throw InvalidArgument(
        "a regression is fitted to one example at least, in one epoch at least, at a rate above 0");
  }
  for (std::size_t i = 0; i < examples.size; ++i) {
    check(examples[i].features, labels());
    if (examples[i].label < labels()) continue;
    throw InvalidArgument(concat("example ", i, " has label ", examples[i].label, " of ", labels()));
  }
  std::vector<double> squares(weights_.size());
  std::vector<double> bias_squares(bias_.size());
  std::vector<std::size_t> order(examples.size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> probabilities(labels());
  Random random(options.seed);
  double loss = 0;
  const auto step = [&](float& weight, double& square, double gradient) {
    square += gradient * gradient;
    if (square > 0) weight -= static_cast<float>(options.rate * gradient / std::sqrt(square));
  };
  for (std::int32_t epoch = 0; epoch < options.epochs; ++epoch) {
    for (std::size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
    loss = 0;
    for (const std::size_t i : order) {
      const Example& example = examples[i];
      classify(example.features, probabilities);
      loss -= std::log(std::max(probabilities[example.label], 1e-300));
      for (std::size_t label = 0; label < labels(); ++label) {
        const double error = probabilities[label] - (label == example.label ? 1.0 : 0.0);
        step(bias_[label], bias_squares[label], error);
        for (const Feature& feature : example.features) {
          const std::size_t at = label * inputs_ + feature.index;
          step(weights_[at], squares[at], error * double{feature.value} + options.decay * double{weights_[at]});
        }
      }
    }
  }
  return loss / static_cast<double>(examples.size);
}

ASTERISM_INLINE void SoftmaxRegression::learn(View<const Feature> features, std::size_t label, double rate) {
  std::vector<double> probabilities(labels());
  classify(features, probabilities);
  if (label >= labels()) throw InvalidArgument(concat("label ", label, " of ", labels()));
  for (std::size_t other = 0; other < labels(); ++other) {
    const double error = probabilities[other] - (other == label ? 1.0 : 0.0);
    bias_[other] -= static_cast<float>(rate * error);
    for (const Feature& feature : features) {
      weights_[other * inputs_ + feature.index] -= static_cast<float>(rate * error * double{feature.value});
    }
  }
}

}  // namespace asterism::assistant
