// Evaluations that were written as JSON, back in memory: what is finished need not be asked again.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"

namespace asterism::lab {

/// The evaluations in what `to_json` wrote; what follows from other members is computed, not read. `where` names the
/// text in messages. Throws FormatError naming what is missing or wrong; InvalidArgument where one of them was not
/// asked what `asked` says, with the first difference.
std::vector<Evaluation> parse_evaluations(std::string_view text, std::string_view where,
                                          std::span<const Question> questions, const Asked& asked);

/// Those of a file; FileError where it can't be read.
std::vector<Evaluation> read_evaluations(const std::string& path, std::span<const Question> questions,
                                         const Asked& asked);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/read_evaluations_impl.hpp"
#endif
