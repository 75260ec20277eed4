// The choice that gatings share: the k best of all experts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"

namespace asterism::gating {

/// out (k) = those of `experts` experts with the largest score(e), 1 <= k <= experts, best first, each with its score
/// as weight; of equal scores the lower expert is better. Asks for each score once, ascending.
template <class Score>
void best_experts(std::size_t experts, const Score& score, View<Route> out) {
  // The best so far, in order; an expert goes behind those that are as good.
  std::size_t count = 0;
  for (std::size_t e = 0; e < experts; ++e) {
    const float own = score(e);
    if (count == out.size && !(own > out[count - 1].weight)) continue;
    if (count < out.size) ++count;
    std::size_t place = count - 1;
    for (; place > 0 && own > out[place - 1].weight; --place) out[place] = out[place - 1];
    out[place] = {.expert = static_cast<std::int32_t>(e), .weight = own};
  }
}

}  // namespace asterism::gating
