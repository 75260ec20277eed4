// Results of a variant on a set of questions: answers, probabilities, speed, memory, use of experts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/lab/conditions.hpp"
#include "asterism/lab/expert_usage.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/lab/score.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::lab {

/// Tokens computed, and the time taken.
struct Pace {
  std::uint64_t tokens = 0;
  double seconds = 0;

  /// Tokens per second; 0 if there was none.
  double speed() const { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }
  friend Pace operator+(Pace a, Pace b) { return {a.tokens + b.tokens, a.seconds + b.seconds}; }
};

/// Tokens per second over all questions, and the slowest and the fastest of five equal parts of them.
struct Speed {
  double all = 0;
  double slowest = 0;
  double fastest = 0;
};

/// A model's result on one question.
struct Answer {
  std::string text;            ///< the answer given, trimmed
  bool right = false;          ///< the text equals the known answer
  double log_probability = 0;  ///< natural logarithm of the probability of the tokens that were scored
  /// Tokens of the known answer and its end token; of the prompt if no answer is known.
  std::int32_t scored_tokens = 0;
  Pace prefill{};  ///< computed before the first token
  Pace decode{};   ///< computed after it
};

/// Memory use of a model on one device.
struct DeviceBytes {
  Bytes weights{};   ///< with their scales, and adapters
  Bytes kv_cache{};  ///< keys and values, or states
  Bytes workspace{};

  Bytes all() const { return weights + kv_cache + workspace; }
};

/// Memory use of a plan on each of its devices.
inline std::vector<DeviceBytes> device_bytes(const placement::Plan& plan) {
  std::vector<DeviceBytes> devices;
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    const Bytes cache = plan.bytes(d, placement::PartKind::kv_cache) + plan.bytes(d, placement::PartKind::state);
    const Bytes workspace = plan.bytes(d, placement::PartKind::workspace);
    const Bytes weights = plan.weight_bytes(d) + plan.bytes(d, placement::PartKind::adapters);
    devices.push_back({.weights = weights, .kv_cache = cache, .workspace = workspace});
  }
  return devices;
}

/// The questions and settings of an evaluation: only evaluations with equal values can be compared.
struct Asked {
  std::string checkpoint{};     ///< its folder
  std::uint64_t questions = 0;  ///< `fingerprint` of all of them
  std::int32_t max_tokens = 0;
  std::vector<std::string> stop{};
  bool chat = false;

  friend bool operator==(const Asked&, const Asked&) = default;
};

/// Results of one variant on a set of questions.
struct Evaluation {
  std::string variant{};   ///< its name
  std::string policies{};  ///< the variant's choices, in words
  Asked asked{};
  Conditions conditions{};
  std::vector<DeviceBytes> devices{};  ///< memory use of each
  Limits limits{};
  std::vector<Answer> answers{};                             ///< (questions)
  std::vector<std::pair<std::string, ExpertUsage>> usage{};  ///< by kind of question, in order of appearance

  Speed prefill_speed() const { return speed(&Answer::prefill); }
  Speed decode_speed() const { return speed(&Answer::decode); }

  /// Bytes of the weights with their scales, on all devices.
  Bytes weights() const {
    Bytes sum{};
    for (const DeviceBytes& device : devices) sum += device.weights;
    return sum;
  }

  /// Use of experts over all kinds of questions; without experts a table of none.
  ExpertUsage all_usage() const {
    if (usage.empty()) return ExpertUsage(0, 0);
    ExpertUsage all(usage.front().second.layers(), usage.front().second.experts());
    for (const auto& [kind, counts] : usage) all.add(counts);
    return all;
  }

  /// Right answers to the questions with a known answer for which `wanted(question)` is true. `questions` are
  /// those that were asked.
  template <class Wanted>
  Score score(std::span<const Question> questions, const Wanted& wanted) const {
    Score score;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!questions[i].answer.empty() && wanted(questions[i])) score.count(answers[i].right);
    }
    return score;
  }

  /// exp of the mean negative log probability of the scored tokens, over the questions for which
  /// `wanted(question)` is true; 1 if there is none.
  template <class Wanted>
  double perplexity(std::span<const Question> questions, const Wanted& wanted) const {
    double sum = 0;
    std::int64_t tokens = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!wanted(questions[i])) continue;
      sum -= answers[i].log_probability;
      tokens += answers[i].scored_tokens;
    }
    return tokens == 0 ? 1 : std::exp(sum / static_cast<double>(tokens));
  }

 private:
  Speed speed(Pace Answer::*member) const {
    constexpr std::size_t parts = 5;
    Pace all;
    Speed out;
    for (std::size_t part = 0; part < parts; ++part) {
      Pace pace;
      for (std::size_t i = part * answers.size() / parts; i < (part + 1) * answers.size() / parts; ++i) {
        pace = pace + answers[i].*member;
      }
      all = all + pace;
      if (pace.seconds == 0) continue;
      out.slowest = out.slowest == 0 ? pace.speed() : std::min(out.slowest, pace.speed());
      out.fastest = std::max(out.fastest, pace.speed());
    }
    out.all = all.speed();
    return out;
  }
};

}  // namespace asterism::lab
