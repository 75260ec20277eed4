// Differences of a variant from a baseline on the same questions.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"

namespace asterism::lab {

/// Numbers of questions that exactly one of two variants answered right, and the difference of their shares.
struct PairedScore {
  std::uint64_t gained = 0;  ///< right with the variant, wrong with the baseline
  std::uint64_t lost = 0;    ///< the other way round
  std::uint64_t asked = 0;

  /// The variant's share less the baseline's, in [-1, 1]; 0 if nothing was asked.
  double difference() const {
    return asked == 0 ? 0 : (static_cast<double>(gained) - static_cast<double>(lost)) / static_cast<double>(asked);
  }
  /// Half the width of the 95 % confidence interval of the difference, for matched pairs: since the questions are
  /// the same, it is narrower than the intervals of both shares together.
  /// Source: Agresti and Min, Simple improved confidence intervals for comparing matched proportions, Statistics
  /// in Medicine 24 (2005) 729-740: half an observation is added to each of the four cells.
  double half_interval() const {
    const double n = static_cast<double>(asked) + 2;
    const double b = static_cast<double>(gained) + 0.5;
    const double c = static_cast<double>(lost) + 0.5;
    return 1.959963984540054 * std::sqrt(b + c - (b - c) * (b - c) / n) / n;
  }
};

/// Compares over the questions with known answers. `questions` are those that both were asked.
PairedScore paired_score(const Evaluation& evaluation, const Evaluation& baseline,
                         std::span<const Question> questions);

/// The evaluation of that name. InvalidArgument if there is none, listing the available names.
const Evaluation& evaluation_of(std::string_view variant, std::span<const Evaluation> evaluations);

/// One line per variant: difference of exact match from the baseline in percentage points with its 95 % interval,
/// questions gained and lost, and perplexity, weights and decoding speed relative to the baseline.
std::string difference_table(std::span<const Evaluation> evaluations, std::span<const Question> questions,
                             const Evaluation& baseline);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/difference_impl.hpp"
#endif
