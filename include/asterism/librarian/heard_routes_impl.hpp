// Bodies of heard_routes.hpp.
#pragma once

#include <cmath>

#include "asterism/librarian/heard_routes.hpp"
#include "asterism/librarian/interpolate.hpp"
#include "asterism/linalg/softmax.hpp"

namespace asterism::librarian {

namespace detail {

inline std::vector<float> mean_of(const std::vector<double>& sums, std::size_t count) {
  std::vector<float> mean;
  mean.reserve(sums.size());
  for (const double sum : sums) mean.push_back(static_cast<float>(sum / static_cast<double>(count)));
  return mean;
}

}  // namespace detail

ASTERISM_INLINE HeardRoutes::HeardRoutes(std::size_t layers, std::size_t hidden, std::size_t experts)
    : layers_(layers, Layer{0, std::vector<double>(hidden), std::vector<double>(experts)}) {}

ASTERISM_INLINE void HeardRoutes::add(std::size_t layer, MatrixView<const float> x,
                                      MatrixView<const float> scores) {
  Layer& here = layers_[layer];
  for (std::size_t r = 0; r < x.rows; ++r) {
    if (!has_softmax(x.row(r)) || !has_softmax(scores.row(r))) continue;
    const double total = linalg::log_sum_exp(scores.row(r));
    for (std::size_t c = 0; c < x.cols; ++c) here.inputs[c] += double{x(r, c)};
    for (std::size_t e = 0; e < scores.cols; ++e) here.probabilities[e] += std::exp(double{scores(r, e)} - total);
    ++here.rows;
  }
}

ASTERISM_INLINE std::vector<float> HeardRoutes::mean_input(std::size_t layer) const {
  return detail::mean_of(layers_[layer].inputs, rows(layer));
}

ASTERISM_INLINE std::vector<float> HeardRoutes::mean_distribution(std::size_t layer) const {
  return detail::mean_of(layers_[layer].probabilities, rows(layer));
}

}  // namespace asterism::librarian
