// Bodies of draft.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/train/encoders/draft.hpp"

namespace asterism::train {

ASTERISM_INLINE std::vector<ExpertDraft> draft(View<const std::int32_t> offsets, View<const std::int32_t> sources,
                                               MatrixView<const float> answers, View<const float> confidences,
                                               std::size_t most) {
  std::vector<ExpertDraft> out;
  for (std::size_t e = 0; e + 1 < offsets.size; ++e) {
    const auto first = static_cast<std::size_t>(offsets[e]);
    const auto end = static_cast<std::size_t>(offsets[e + 1]);
    ExpertDraft of{.expert = static_cast<std::int32_t>(e), .rows = end - first};
    std::vector<double> sums(first < end ? answers.cols : 0);
    double total = 0;
    for (std::size_t slot = first; slot < end; ++slot) {
      const auto weight = static_cast<double>(confidences[slot]);
      total += weight;
      for (std::size_t c = 0; c < sums.size(); ++c) sums[c] += weight * static_cast<double>(answers(slot, c));
      of.surest.push_back({sources[slot], confidences[slot]});
    }
    if (first < end) of.confidence = total / static_cast<double>(end - first);
    for (const double sum : sums) of.answer.push_back(total > 0 ? static_cast<float>(sum / total) : 0.0F);
    const std::size_t some = std::min(most, of.surest.size());
    std::partial_sort(of.surest.begin(), of.surest.begin() + static_cast<std::ptrdiff_t>(some), of.surest.end(),
                      [](const DraftPosition& a, const DraftPosition& b) {
                        return a.confidence != b.confidence ? a.confidence > b.confidence : a.row < b.row;
                      });
    of.surest.resize(some);
    out.push_back(std::move(of));
  }
  return out;
}

}  // namespace asterism::train
