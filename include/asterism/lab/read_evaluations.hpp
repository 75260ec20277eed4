// Reads evaluations written as JSON, so that finished ones need not be repeated.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"

namespace asterism::lab {

/// The evaluations written by `to_json`; derived members are computed, not read. `where` names the text in
/// messages. Throws FormatError naming what is missing or wrong; InvalidArgument if what one of them was asked
/// differs from `asked`, with the first difference.
std::vector<Evaluation> parse_evaluations(std::string_view text, std::string_view where,
                                          std::span<const Question> questions, const Asked& asked);

/// The evaluations of a file; FileError if it can't be read.
std::vector<Evaluation> read_evaluations(const std::string& path, std::span<const Question> questions,
                                         const Asked& asked);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/read_evaluations_impl.hpp"
#endif
