// Evaluations as one self-contained HTML page with charts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"

namespace asterism::lab {

/// A self-contained page with inline SVG and styles, without scripts: conditions, exact match, perplexity, memory
/// by device, speed, differences from `baseline`, scores by split and kind, and use of experts. `questions` are
/// those that all evaluations asked; `baseline` is the name of one of them, by default the first one's. Throws
/// InvalidArgument if none has that name.
std::string to_html(std::span<const Evaluation> evaluations, std::span<const Question> questions,
                    std::string_view title, std::string_view baseline = {});

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/evaluation_html_impl.hpp"
#endif
