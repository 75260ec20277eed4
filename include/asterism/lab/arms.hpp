// How much better a model answers for what it is told: the same questions asked in several arms, compared.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/lab/bootstrap.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"

namespace asterism::lab {

/// One arm against another, over the questions with known answers.
struct Contrast {
  enum class What : std::uint8_t { difference, ratio };

  std::string of{};       ///< an arm's name
  std::string against{};  ///< another's
  What what = What::difference;
};

/// The contrast over the questions of a kind, of all kinds where it is empty. InvalidArgument if there is no such arm
/// or question.
Estimate contrast(const Contrast& contrast, std::span<const Evaluation> evaluations,
                  std::span<const Question> questions, const std::string& kind = "");

/// Exact match in percent, one line per arm and one column per kind of question; below, one line per contrast with its
/// 95 % interval. At most 80 columns for five kinds whose names, with that of the longest arm, have at most 61
/// characters.
std::string arms_table(std::span<const Evaluation> evaluations, std::span<const Question> questions,
                       std::span<const Contrast> contrasts);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/arms_impl.hpp"
#endif
