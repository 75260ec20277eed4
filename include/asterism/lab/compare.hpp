// Compares several compiled variants on the same questions.
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

/// Fails to compile if two variants are the same experiment; the template arguments show which.
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

/// Loads the checkpoint in `folder` under each variant in turn and asks each the same questions; see `evaluate`.
/// Returns one evaluation per variant, in order, named after its struct. Show them with `comparison_table`,
/// `to_json` and `to_html`:
///
///     const auto found = lab::compare<Nf4, Int8, Int4>(folder, questions);
///     std::cout << lab::comparison_table(found, questions);
///
/// Throws as `evaluate`; does not compile if two variants resolve to equal policies.
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

/// Prompts without known answers, as questions: their perplexity and speed can be compared.
inline std::vector<Question> as_questions(std::span<const std::string> prompts) {
  std::vector<Question> questions;
  for (const std::string& prompt : prompts) {
    questions.push_back(
        {.id = concat("prompt ", questions.size() + 1), .split = {}, .kind = {}, .prompt = prompt, .answer = {}});
  }
  return questions;
}

}  // namespace asterism::lab
