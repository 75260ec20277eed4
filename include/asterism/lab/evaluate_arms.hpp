// What a model is told before it answers, and by which hooks while it does, as an experiment.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asterism/generate/hooks.hpp"
#include "asterism/lab/evaluate.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"

namespace asterism::lab {

/// A way to ask: what becomes of a question's prompt, and what speaks while it is answered.
template <class B>
struct Arm {
  std::string name{};
  std::function<std::string(const Question&)> prompt{};
  Hooks<Traced<B>> hooks{};  ///< of the session that answers all questions of the arm
};

/// Asks a loaded model the questions in every arm. The evaluations are called by the arms' names, and count as asked
/// the same questions, so that they can be compared. Throws as `evaluate`.
template <class B>
std::vector<Evaluation> evaluate_arms(const LanguageModel<Traced<B>>& model, const std::string& folder,
                                      std::span<const Question> questions, std::span<const Arm<B>> arms,
                                      const EvaluateOptions& options = {}) {
  std::vector<Evaluation> evaluations;
  for (const Arm<B>& arm : arms) {
    std::vector<Question> asked(questions.begin(), questions.end());
    for (Question& question : asked) question.prompt = arm.prompt(question);
    evaluations.push_back(evaluate(model, folder, asked, options, arm.name, arm.hooks));
    evaluations.back().asked = asked_of(folder, questions, options);
  }
  return evaluations;
}

}  // namespace asterism::lab
