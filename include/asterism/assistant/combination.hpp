// How next tokens are chosen that several personas agree on.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// log p = sum of w log p_e, up to a constant: what one voice rules out none says. Source: Hinton, Training products of
/// experts, Neural Computation 2002.
struct Product {
  static constexpr std::string_view name() { return "product"; }

  static void combine(MatrixView<const float> log_p, View<const double> weights, View<float> out) {
    for (std::size_t token = 0; token < out.size; ++token) {
      double sum = 0;
      for (std::size_t voice = 0; voice < log_p.rows; ++voice) {
        if (weights[voice] > 0) sum += weights[voice] * double{log_p(voice, token)};
      }
      out[token] = static_cast<float>(sum);
    }
  }
};

/// p = sum of w p_e: what one voice is sure of may be said. Source: Jacobs et al., Adaptive mixtures of local experts,
/// Neural Computation 1991.
struct Mixture {
  static constexpr std::string_view name() { return "mixture"; }

  static void combine(MatrixView<const float> log_p, View<const double> weights, View<float> out) {
    for (std::size_t token = 0; token < out.size; ++token) {
      double sum = 0;
      for (std::size_t voice = 0; voice < log_p.rows; ++voice) {
        sum += weights[voice] * std::exp(double{log_p(voice, token)});
      }
      out[token] = static_cast<float>(std::log(std::max(sum, 1e-300)));
    }
  }
};

/// How far distributions lie apart: the Jensen-Shannon divergence under the weights in bits, 0 to log2(voices). Source:
/// Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 1991.
inline double divergence_bits(MatrixView<const float> log_p, View<const double> weights) {
  double bits = 0;
  for (std::size_t token = 0; token < log_p.cols; ++token) {
    double mean = 0;
    for (std::size_t voice = 0; voice < log_p.rows; ++voice) {
      mean += weights[voice] * std::exp(double{log_p(voice, token)});
    }
    for (std::size_t voice = 0; voice < log_p.rows; ++voice) {
      const double p = std::exp(double{log_p(voice, token)});
      if (weights[voice] > 0 && p > 0) bits += weights[voice] * p * std::log2(p / mean);
    }
  }
  return std::max(bits, 0.0);
}

/// The least cosine between the probabilities of any two voices, in [0, 1]; 1 for one voice.
inline double least_cosine(MatrixView<const float> log_p) {
  const auto dot = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t token = 0; token < log_p.cols; ++token) {
      sum += std::exp(double{log_p(a, token)} + double{log_p(b, token)});
    }
    return sum;
  };
  double least = 1;
  for (std::size_t a = 0; a < log_p.rows; ++a) {
    for (std::size_t b = 0; b < a; ++b) least = std::min(least, dot(a, b) / std::sqrt(dot(a, a) * dot(b, b)));
  }
  return least;
}

/// -sum of p log p in nats, of a row of logarithms.
inline double entropy_nats(View<const float> log_p) {
  double sum = 0;
  for (const float value : log_p) sum -= std::exp(double{value}) * double{std::max(value, -700.0F)};
  return sum;
}

}  // namespace asterism::assistant
