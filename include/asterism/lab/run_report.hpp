// A run as one self-contained HTML page: memory, use of experts, speed and cache, beside limits where they are known.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/generate/memory_report.hpp"
#include "asterism/lab/conditions.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/observe/timeline.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::lab {

/// The speed of one answer.
struct AnswerPace {
  Pace prefill{};  ///< prompt tokens that were computed
  Pace decode{};   ///< tokens after the first
};

/// What a model did in a run.
struct RunReport {
  std::string checkpoint{};
  std::string policies{};  ///< the variant's choices, in words
  Conditions conditions{};
  placement::Plan plan{};
  std::vector<generate::ArenaUse> arenas{};  ///< of the plan's devices
  ExpertUsage usage{0, 0};                   ///< a row for each layer with experts, in their order
  Bytes handed_over{};                       ///< hidden states that went from device to device
  std::vector<AnswerPace> answers{};
  residency::SlotCounts slots{};       ///< all zeros where experts stay in memory
  std::vector<observe::Span> spans{};  ///< as Timeline::spans gives them; empty where nobody listened
  std::size_t recorded = 0;            ///< spans of the whole run, of which `spans` are the last
};

/// The most tokens a second that a plan's devices can decode: each reads the weights of a token once, one device after
/// the other, at the rate of its memory. 0 where the rate of one that runs layers is not known.
double fastest_decode(const placement::Plan& plan);

/// A self-contained page with inline SVG and styles for light and dark, without scripts: of each device budget, plan
/// and measured use; experts by layer, numbered as in the plan's model, beside the even share; tokens a second of
/// prompts, of answers and of decoded tokens, the latter two beside fastest_decode where that is known; and where
/// experts take turns, hits beside the share of experts that slots hold, and the experts that decoded tokens found in
/// no slot, read ahead or not, beside all that they use. Decoded tokens are passes of one row that were not broken off,
/// thus one-row ends of prompts too. Texts are escaped. Deterministic. `arenas` are as many as the plan's
/// devices. Thread-safe; allocates.
std::string run_html(const RunReport& report, std::string_view title = "A run");

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/run_report_impl.hpp"
#endif
