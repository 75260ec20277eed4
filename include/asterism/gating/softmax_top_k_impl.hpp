// Bodies of softmax_top_k.hpp.
#pragma once

#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/linalg/softmax.hpp"

namespace asterism::gating {

namespace detail {

inline bool chosen(View<const Route> out, std::size_t count, std::int32_t expert) {
  for (std::size_t i = 0; i < count; ++i) {
    if (out[i].expert == expert) return true;
  }
  return false;
}

}  // namespace detail

ASTERISM_INLINE SoftmaxTopK::SoftmaxTopK(std::size_t experts, std::size_t top_k) : top_k_(top_k) {
  if (top_k < 1 || top_k > experts) {
    throw InvalidArgument(concat("a router can't choose ", top_k, " of ", experts, " experts"));
  }
}

ASTERISM_INLINE void SoftmaxTopK::route(View<float> logits, View<Route> out) const {
  linalg::softmax(logits);
  float total = 0;
  for (std::size_t k = 0; k < top_k_; ++k) {
    std::int32_t best = -1;
    for (std::size_t e = 0; e < logits.size; ++e) {
      const auto expert = static_cast<std::int32_t>(e);
      if (!detail::chosen(out, k, expert) && (best < 0 || logits[e] > logits[static_cast<std::size_t>(best)]))
        best = expert;
    }
    out[k] = {.expert = best, .weight = logits[static_cast<std::size_t>(best)]};
    total += out[k].weight;
  }
  for (Route& route : out) route.weight /= total;
}

}  // namespace asterism::gating
