// Several compiled variants, asked the same questions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/format.hpp"
#include "asterism/generate/load.hpp"
#include "asterism/lab/evaluate.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/model/blueprint.hpp"

namespace asterism::lab {

/// Refuses to compile where two variants are the same experiment; the arguments show which.
template <class A, class B>
struct DifferentVariants {
  static_assert(differs<A, B>,
                "two variants to compare resolve to equal policies: an alias that is misspelt hides nothing");
  static constexpr bool value = true;
};

namespace detail {

template <class First, class... Others>
consteval bool all_differ() {
  static_assert((DifferentVariants<First, Others>::value && ...));
  if constexpr (sizeof...(Others) > 0) return all_differ<Others...>();
  return true;
}

}  // namespace detail

/// Loads the checkpoint in `folder` under one variant after the other and asks each the same questions; see
/// `evaluate`. One evaluation for each, in order, called by the name of its struct. Show them with
/// `comparison_table`, `to_json` and `to_html`:
///
///     const auto found = lab::compare<Nf4, Int8, Int4>(folder, questions);
///     std::cout << lab::comparison_table(found, questions);
///
/// Throws what `evaluate` throws; does not compile where two variants resolve to equal policies.
template <class... Variants>
  requires(sizeof...(Variants) > 0)
std::vector<Evaluation> compare(const std::string& folder, std::span<const Question> questions,
                                const LoadOptions& load_options = {}, const EvaluateOptions& options = {}) {
  static_assert(detail::all_differ<Variants...>());
  std::vector<Evaluation> out;
  out.reserve(sizeof...(Variants));
  (out.push_back(evaluate<Variants>(folder, questions, load_options, options)), ...);
  return out;
}

/// Prompts whose answers are not known, as questions: their perplexity and speed can be compared.
inline std::vector<Question> as_questions(std::span<const std::string> prompts) {
  std::vector<Question> questions;
  for (const std::string& prompt : prompts) {
    questions.push_back(
        {.id = concat("prompt ", questions.size() + 1), .split = {}, .kind = {}, .prompt = prompt, .answer = {}});
  }
  return questions;
}

}  // namespace asterism::lab
