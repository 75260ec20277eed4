// What each expert of a constellation said in a pass, for people to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::train {

/// A row and how sure an expert was of it.
struct DraftPosition {
  std::int32_t row = 0;
  float confidence = 0;

  friend bool operator==(const DraftPosition&, const DraftPosition&) = default;
};

/// One expert's report on the rows that were sent to it.
struct ExpertDraft {
  std::int32_t expert = 0;
  std::size_t rows = 0;                 ///< none: all else is empty and 0
  double confidence = 0;                ///< mean over its rows
  std::vector<float> answer{};          ///< (out): the mean of its answers, weighted by confidence
  std::vector<DraftPosition> surest{};  ///< the rows of which it was most sure, best first; of equals the earlier
};

/// The reports of all experts, each with `most` positions at most. offsets (experts + 1) and sources (slots) as in
/// backend::ExpertGroups, answers (slots, out), confidences (slots). Allocates; a pass that nobody asks for its draft
/// pays nothing.
std::vector<ExpertDraft> draft(View<const std::int32_t> offsets, View<const std::int32_t> sources,
                               MatrixView<const float> answers, View<const float> confidences, std::size_t most);

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/encoders/draft_impl.hpp"
#endif
