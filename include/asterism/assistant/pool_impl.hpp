// Bodies of pool.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "asterism/assistant/pool.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::assistant {

ASTERISM_INLINE Pool::Pool(std::vector<double> weights) : weights_(std::move(weights)) {
  bool any = false;
  for (const double weight : weights_) {
    if (!(weight >= 0 && std::isfinite(weight))) {
      throw InvalidArgument(concat("a pool has the weight ", weight, ": finite, not negative"));
    }
    any = any || weight > 0;
  }
  if (!any) throw InvalidArgument("a pool has no member with a weight above 0");
}

ASTERISM_INLINE double Pool::temperature() const {
  return 1 / std::accumulate(weights_.begin(), weights_.end(), 0.0);
}

ASTERISM_INLINE void Pool::combine(MatrixView<const double> members, View<double> probabilities) const {
  if (members.rows != weights_.size() || members.cols != probabilities.size || probabilities.empty()) {
    throw InvalidArgument(concat("a pool of ", weights_.size(), " members is told of ", members.rows, ", of ",
                                 members.cols, " labels for ", probabilities.size, " places"));
  }
  std::fill(probabilities.begin(), probabilities.end(), 0.0);
  for (std::size_t m = 0; m < members.rows; ++m) {
    for (std::size_t label = 0; label < members.cols; ++label) {
      probabilities[label] += weights_[m] * std::log(std::max(members(m, label), 1e-6));
    }
  }
  const double most = *std::max_element(probabilities.begin(), probabilities.end());
  double all = 0;
  for (double& value : probabilities) all += value = std::exp(value - most);
  for (double& value : probabilities) value /= all;
}

ASTERISM_INLINE Pool Pool::fitted(MatrixView<const double> said, View<const std::size_t> labels) {
  if (labels.empty() || said.rows % labels.size != 0 || said.rows == 0) {
    throw InvalidArgument(concat("a pool is fitted to queries, of each what each member says: ", said.rows,
                                 " rows for ", labels.size, " queries"));
  }
  for (const std::size_t label : labels) {
    if (label >= said.cols) throw InvalidArgument(concat("a pool is fitted to label ", label, " of ", said.cols));
  }
  const std::size_t members = said.rows / labels.size;
  Pool pool(std::vector<double>(members, 1.0 / static_cast<double>(members)));
  std::vector<double> probabilities(said.cols);
  std::vector<double> gradient(members);
  std::vector<double> squares(members);
  // The loss is convex in the weights: steps of AdaGrad, kept from being negative.
  for (int step = 0; step < 500; ++step) {
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (std::size_t q = 0; q < labels.size; ++q) {
      const auto of_query = said.rows_at(q * members, members);
      pool.combine(of_query, probabilities);
      for (std::size_t m = 0; m < members; ++m) {
        for (std::size_t label = 0; label < said.cols; ++label) {
          const double error = probabilities[label] - (label == labels[q] ? 1.0 : 0.0);
          gradient[m] += error * std::log(std::max(of_query(m, label), 1e-6)) / static_cast<double>(labels.size);
        }
      }
    }
    double sum = 0;
    for (std::size_t m = 0; m < members; ++m) {
      squares[m] += gradient[m] * gradient[m];
      if (squares[m] > 0) pool.weights_[m] -= 0.2 * gradient[m] / std::sqrt(squares[m]);
      sum += pool.weights_[m] = std::max(pool.weights_[m], 0.0);
    }
    if (sum == 0) pool.weights_.assign(members, 1e-3);  // nobody knows anything
  }
  return pool;
}

}  // namespace asterism::assistant
