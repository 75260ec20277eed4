// Evaluations as one self-contained page with pictures.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/lab/bar_chart.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/evaluation_report.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/score.hpp"
#include "asterism/placement/memory_footprint.hpp"

namespace asterism::lab {

/// A page of its own, with inline SVG and styles, without scripts: exact match, perplexity, memory by device, speed,
/// and the scores by split and kind. `questions` are those that all evaluations asked.
std::string to_html(std::span<const Evaluation> evaluations, std::span<const Question> questions,
                    std::string_view title);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/evaluation_html_impl.hpp"
#endif
