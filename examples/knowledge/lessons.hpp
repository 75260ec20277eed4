// Questions with known answers as memories beside the prompt.
#pragma once

#include <algorithm>
#include <asterism/backend/arena.hpp>
#include <asterism/core/format.hpp>
#include <asterism/core/progress.hpp>
#include <asterism/generate/hooks.hpp>
#include <asterism/generate/language_model.hpp>
#include <asterism/generate/session.hpp>
#include <asterism/knowledge/index/flat.hpp>
#include <asterism/lab/evaluate.hpp>
#include <asterism/librarian/knn_logits.hpp>
#include <asterism/librarian/remembered_routes.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asked.hpp"
#include "exact.hpp"

namespace example {

/// Exact, beside which memories may speak.
struct Coupled : Exact {
  using LogitsHook = librarian::KnnLogits<>;
  using ScoreHook = librarian::RememberedRoutes<>;
};

/// What a model leaves of answered questions, each with its own block and its answer run once: the states before the
/// answer's tokens and its end token, with these; and of each layer the mean input with the mean of what its router
/// said.
class Lessons {
 public:
  using Traced = lab::Traced<Coupled>;

  Lessons(const LanguageModel<Traced>& model, const std::vector<AskedQuestion>& questions, ProgressSink& progress)
      : Lessons(model, lessons_of(model, questions), progress) {}
  Lessons(const Lessons&) = delete;
  Lessons& operator=(const Lessons&) = delete;
  ~Lessons() = default;

  librarian::KnnLogits<>* tokens() { return &tokens_; }
  librarian::RememberedRoutes<>* routes() { return &routes_; }

  /// How much is remembered, and how it speaks.
  std::string sizes() const {
    const librarian::KnnOptions& knn = tokens_.options();
    return concat("knn: ", tokens_.size(), " states with their next tokens, lambda ", knn.share, ", k ",
                  knn.neighbours, ", temperature ", knn.temperature, "; routes: ", routes_.size(0), " in each of ",
                  routes_.layers(), " layers, c at most ", librarian::RememberedRoutes<>::most_share);
  }

 private:
  struct Lesson {
    std::string id;
    std::vector<TokenId> tokens;
    std::size_t answer;  ///< its first token
  };

  static std::vector<Lesson> lessons_of(const LanguageModel<Traced>& model,
                                        const std::vector<AskedQuestion>& questions) {
    std::vector<Lesson> lessons;
    for (const AskedQuestion& one : questions) {
      const auto prompt = model.tokenizer().encode(one.question.prompt);
      auto all = model.tokenizer().encode(concat(one.question.prompt, " ", one.question.answer));
      const auto answer = std::mismatch(prompt.begin(), prompt.end(), all.begin(), all.end()).second - all.begin();
      if (!model.end_tokens().empty()) all.push_back(model.end_tokens().front());
      lessons.push_back({one.question.id, std::move(all), static_cast<std::size_t>(answer)});
    }
    return lessons;
  }

  static std::size_t states(const std::vector<Lesson>& lessons) {
    std::size_t sum = 0;
    for (const Lesson& lesson : lessons) sum += lesson.tokens.size() - lesson.answer;
    return sum;
  }

  static knowledge::IndexLimits room(const LanguageModel<Traced>& model, std::size_t rows) {
    return {.dim = static_cast<std::size_t>(model.shape().hidden), .rows = static_cast<std::uint32_t>(rows)};
  }

  static std::vector<index::Flat<>> indexes(backend::Arena& arena, const LanguageModel<Traced>& model,
                                            std::size_t rows) {
    std::vector<index::Flat<>> all;
    for (std::int32_t i = 0; i < model.shape().sparse_layers().size(); ++i)
      all.emplace_back(arena, room(model, rows));
    return all;
  }

  Lessons(const LanguageModel<Traced>& model, const std::vector<Lesson>& lessons, ProgressSink& progress)
      : arena_(0, 64_MiB),
        tokens_(index::Flat<>(arena_, room(model, states(lessons))), model.shape().vocabulary),
        routes_(indexes(arena_, model, lessons.size()), model.shape().experts) {
    Session<Traced> session = model.session({}, {.scores = &routes_});
    progress.begin("remembering answers", lessons.size(), ProgressUnit::items);
    std::size_t done = 0;
    for (const Lesson& lesson : lessons) {
      const View<const TokenId> all(lesson.tokens);
      const View<const TokenId> answer = all.subview(lesson.answer, all.size - lesson.answer);
      std::vector<float> before;
      const auto keep = [&](std::size_t position, View<const float> state) {
        if (position + 1 < all.size) before.insert(before.end(), state.begin(), state.end());
      };
      routes_.listen();  // which changes nothing: states are those of the model alone
      session.visit_hidden(all, keep, lesson.answer - 1);
      routes_.keep();
      tokens_.remember({before.data(), answer.size, before.size() / answer.size}, answer);
      progress.advance(++done, lesson.id);
    }
    progress.end();
  }

  backend::Arena arena_;
  librarian::KnnLogits<> tokens_;
  librarian::RememberedRoutes<> routes_;
};

}  // namespace example
