// Bodies of host_dispatch.hpp.
#pragma once

#include <cstdint>

#include "asterism/backend/host_dispatch.hpp"
#include "asterism/simd/vector.hpp"

namespace asterism::backend {

ASTERISM_INLINE void sort_by_expert(MatrixView<const gating::Route> routes, const ExpertGroups& groups) {
  for (std::int32_t& offset : groups.offsets) offset = 0;
  for (std::size_t i = 0; i < routes.rows; ++i) {
    for (const gating::Route& route : routes.row(i)) {
      if (route.expert != gating::dropped) ++groups.offsets[static_cast<std::size_t>(route.expert) + 1];
    }
  }
  for (std::size_t e = 0; e < groups.experts(); ++e) groups.offsets[e + 1] += groups.offsets[e];
  // While slots are assigned, offsets[e] advances from the first slot of e to that of e + 1; then it is restored.
  for (std::size_t i = 0; i < routes.rows; ++i) {
    for (std::size_t j = 0; j < routes.cols; ++j) {
      if (routes(i, j).expert == gating::dropped) continue;
      const std::int32_t slot = groups.offsets[static_cast<std::size_t>(routes(i, j).expert)]++;
      groups.source_row[static_cast<std::size_t>(slot)] = static_cast<std::int32_t>(i);
      groups.slot_of_choice[i * routes.cols + j] = slot;
    }
  }
  for (std::size_t e = groups.experts(); e > 0; --e) groups.offsets[e] = groups.offsets[e - 1];
  groups.offsets[0] = 0;
  for (auto s = static_cast<std::size_t>(groups.offsets[groups.experts()]); s < groups.source_row.size; ++s) {
    groups.source_row[s] = 0;  // nobody's, but a row
  }
}

ASTERISM_INLINE void add_answers(const ExpertGroups& groups, View<const gating::Route> routes, std::size_t i,
                                 MatrixView<const float> answers, View<float> sum) {
  std::int32_t last = -1;
  for (std::size_t done = 0; done < routes.size; ++done) {
    const std::size_t next = next_by_expert(routes, last);
    if (next == routes.size) return;
    last = routes[next].expert;
    const auto slot = static_cast<std::size_t>(groups.slot_of_choice[i * routes.size + next]);
    simd::add_scaled(sum.data, routes[next].weight, answers.row(slot).data, sum.size);
  }
}

}  // namespace asterism::backend
