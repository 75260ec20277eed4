// The k best experts, weighted by the sigmoids of their scores divided by their sum (DeepSeek-V3, arXiv 2412.19437).
#pragma once

#include <algorithm>
#include <cmath>

#include "asterism/gating/concept.hpp"

using namespace asterism;

class SigmoidTopK {
 public:
  bool normalised() const { return true; }
  SigmoidTopK(std::size_t /*experts*/, std::size_t top_k) : top_k_(top_k) {}
  std::size_t top_k() const { return top_k_; }
  void route(View<float> logits, View<gating::Route> out) const {
    for (std::size_t k = 0; k < top_k_; ++k) {
      out[k] = {-1, 0};
      for (std::int32_t e = 0; e < static_cast<std::int32_t>(logits.size); ++e) {
        const float score = logits[static_cast<std::size_t>(e)];
        const bool taken = std::any_of(&out[0], &out[k], [&](const auto& route) { return route.expert == e; });
        if (!taken && (out[k].expert < 0 || score > out[k].weight)) out[k] = {e, score};
      }
    }
    const double best = out[0].weight, log_best = log_sigmoid(best);
    double sum = 0, all = 0;
    for (std::size_t k = 0; k < top_k_; ++k) sum += std::exp(log_sigmoid(out[k].weight) - log_best);
    for (gating::Route& route : out) {
      route.weight = static_cast<float>(std::exp(log_sigmoid(route.weight) - log_best) / sum);
    }
    for (const float score : logits) all += std::exp(score - best);
    for (float& score : logits) score = static_cast<float>(std::exp(score - best) / all);
  }

 private:
  static double log_sigmoid(double x) { return std::min(x, 0.0) - std::log1p(std::exp(-std::fabs(x))); }
  std::size_t top_k_;
};
