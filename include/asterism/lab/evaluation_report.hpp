// Human-readable reports of evaluations, and JSON.
#pragma once

#include <span>
#include <string>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/score.hpp"

namespace asterism::lab {

/// For each split, exact match in percent with the 95 % interval, one line per variant and one column per kind of
/// question, and the perplexity of the known answers. `questions` are those that all evaluations asked.
std::string score_table(std::span<const Evaluation> evaluations, std::span<const Question> questions);

/// One line per variant: its memory use on each device (weights, caches and workspace), perplexity and exact match
/// over all questions, and speed with the slowest and the fastest of five parts of the questions. `questions` are
/// those that all evaluations asked.
std::string comparison_table(std::span<const Evaluation> evaluations, std::span<const Question> questions);

/// How often each expert was chosen in prompts and answers, one table for each kind of question.
std::string usage_by_kind(const Evaluation& evaluation);

/// Everything; `read_evaluations` reads it back:
/// {"variants": [{"variant", "policies",
///   "asked": {"checkpoint", "questions", "max_tokens", "stop": [text], "chat"},
///   "conditions": {"processor", "cores", "memory_bytes", "instruction_set", "threads", "version", "date"},
///   "weights_bytes", "devices": [{"bytes", "kv_cache_bytes", "workspace_bytes"}], "context", "threads",
///   "perplexity", "prefill_tokens_per_second": V, "decode_tokens_per_second": V,
///   "splits": {split: {"all": S, "kinds": {kind: S}}},
///   "expert_usage": {kind: [layer][expert] share}, "expert_choices": {kind: [layer][expert] count},
///   "answers": [{"id", "text", "right", "log_probability", "scored_tokens", "prefill": P, "decode": P}]}]}
/// where V is {"all", "slowest", "fastest"}, P is {"tokens", "seconds"}, S is {"right", "asked", "exact_match", "low",
/// "high", "perplexity"}, and the number "questions" is their `fingerprint`. A question without split or kind counts
/// under "".
std::string to_json(std::span<const Evaluation> evaluations, std::span<const Question> questions);

}  // namespace asterism::lab

#if !defined(ASTERISM_COMPILED)
#include "asterism/lab/evaluation_report_impl.hpp"
#endif
