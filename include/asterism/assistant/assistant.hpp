// An assistant: tells the kind of a query, looks facts up, asks one persona or several, and goes on without what fails.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "asterism/assistant/breaker.hpp"
#include "asterism/assistant/concept.hpp"
#include "asterism/assistant/conversation.hpp"
#include "asterism/assistant/council.hpp"
#include "asterism/assistant/gates.hpp"
#include "asterism/assistant/keyword_rules.hpp"
#include "asterism/assistant/persona.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/language_model.hpp"
#include "asterism/generate/options.hpp"
#include "asterism/librarian/concept.hpp"

namespace asterism::assistant {

/// What an answer went through.
struct AnswerRecord {
  std::vector<double> probabilities;  ///< of the labels; empty where nobody could tell
  std::vector<Choice> asked;          ///< personas whose answer it is; none: the base model's
  std::size_t facts = 0;              ///< in the block
  std::size_t turns = 0;              ///< of the conversation before it
  CouncilAnswer answer;
  std::vector<std::string> skipped;  ///< what was gone on without, and why, in order
  struct Stage {
    std::string name;
    double seconds = 0;
  };
  std::vector<Stage> stages;  ///< classify, retrieve, answer
};

/// librarian::Retriever::retrieve of any retriever: facts for a query of a kind, the best first, in about so many
/// tokens. Throws what its source throws.
using Lookup = std::function<std::vector<librarian::Passage>(std::string_view query, std::string_view kind,
                                                             std::size_t budget)>;

/// One base model and its personas. Where a part fails again and again a circuit breaker leaves it out for a while
/// (Breaker::persona, generation, retrieval), and an answer goes on without: no block; rules, then the fallback of the
/// gate instead of the classifier; the next persona; one persona instead of several; the base model. Its record says
/// so. Not thread-safe; what is referred to outlives it.
template <class B, QueryClassifier Classifier, Gate G = OrFallback<>, Combination C = Product>
class Assistant {
 public:
  using Now = std::function<Breaker::Clock::time_point()>;

  struct Parts {
    std::vector<Persona> personas;  ///< (labels), in the order of the classifier's labels
    G gate;
    std::optional<KeywordRules> rules{};  ///< for when the classifier fails
    Lookup lookup{};                      ///< empty: no block
    std::size_t most_voices = 3;          ///< caches are drawn for so many
    std::size_t turns = 5;                ///< of the conversation that a query sees
    PromptForm form{};
    std::size_t block_tokens = 3072;  ///< of facts at most, and what the context leaves
    CouncilOptions council{};
    Now now = &Breaker::Clock::now;  ///< of breakers and stages
  };

  /// InvalidArgument unless there is a persona for each label, of its name. Throws as Council.
  Assistant(const LanguageModel<B>& model, Classifier& classifier, Parts parts)
      : model_(&model),
        classifier_(&classifier),
        parts_(std::move(parts)),
        conversation_(model.tokenizer(), parts_.form, parts_.turns),
        council_(model, parts_.most_voices, parts_.council),
        generation_(Breaker::generation, parts_.now),
        retrieval_(Breaker::retrieval, parts_.now),
        personas_(parts_.personas.size(), Breaker(Breaker::persona, parts_.now)) {
    const View<const std::string> labels = classifier.labels();
    bool all = labels.size == parts_.personas.size();
    for (std::size_t i = 0; all && i < labels.size; ++i) all = labels[i] == parts_.personas[i].name;
    if (!all) throw InvalidArgument("an assistant has a persona for each label of its classifier, in their order");
  }

  /// Forgets the turns so far.
  void clear() { conversation_.clear(); }

  /// Answers, seeing the turns before. piece(text) is told of text as it comes; once it was, an answer that fails is
  /// not begun again. Throws InvalidArgument for a query that leaves no room in the context, and what the last resort
  /// throws; Error where generation fails again and again.
  AnswerRecord answer(std::string_view query, std::uint64_t seed = 0, const std::stop_token& cancel = {},
                      const std::function<void(std::string_view)>& piece = {}) {
    if (!generation_.allows()) {
      throw Error(concat("no answers for now: the last ", Breaker::generation.failures, " failed; try again in ",
                         Breaker::generation.reset.count(), " s"));
    }
    AnswerRecord record;
    const std::vector<Choice> wanted = timed(record, "classify", [&] { return choose(query, record); });
    const std::vector<librarian::Passage> facts =
        timed(record, "retrieve", [&] { return look_up(query, wanted, record); });
    bool told = false;
    const auto tell = [&](std::string_view text) {
      told = true;
      if (piece) piece(text);
    };
    return timed(record, "answer", [&] {
      for (std::vector<Choice> asked = able(wanted, record);; asked = fewer(asked)) {
        try {
          ask(query, facts, asked, seed, cancel, tell, record);
          conversation_.add(query, record.answer.text);
          for (const Choice& one : asked) personas_[one.label].succeeded();
          generation_.succeeded();
          return std::move(record);
        } catch (const InvalidArgument&) {
          throw;  // the query's fault
        } catch (const Error& error) {
          if (asked.size() == 1) personas_[asked[0].label].failed();
          if (told || asked.empty()) {
            generation_.failed();
            throw;
          }
          record.skipped.push_back(concat(names(asked), ": ", error.what()));
        }
      }
    });
  }

 private:
  template <class F>
  auto timed(AnswerRecord& record, const char* stage, F&& f) {
    const auto begun = parts_.now();
    auto out = f();
    AnswerRecord* to = &record;
    if constexpr (std::is_same_v<decltype(out), AnswerRecord>) to = &out;
    to->stages.push_back({stage, std::chrono::duration<double>(parts_.now() - begun).count()});
    return out;
  }

  std::string names(const std::vector<Choice>& choices) const {
    std::string out;
    for (const Choice& one : choices) out += (out.empty() ? "" : "+") + parts_.personas[one.label].name;
    return out;
  }

  std::vector<Choice> choose(std::string_view query, AnswerRecord& record) {
    record.probabilities.resize(parts_.personas.size());
    try {
      classifier_->classify(query, record.probabilities);
      return parts_.gate.choose(record.probabilities);
    } catch (const Error& error) {
      record.skipped.push_back(concat("classifier: ", error.what()));
    }
    if (parts_.rules) {
      parts_.rules->classify(query, record.probabilities);
      return parts_.gate.choose(record.probabilities);
    }
    record.probabilities.clear();
    if constexpr (requires { parts_.gate.without_classifier(); }) return parts_.gate.without_classifier();
    return {};
  }

  std::vector<librarian::Passage> look_up(std::string_view query, const std::vector<Choice>& wanted,
                                          AnswerRecord& record) {
    if (!parts_.lookup) return {};
    if (!retrieval_.allows()) {
      record.skipped.push_back("retrieval: it failed again and again");
      return {};
    }
    try {
      const std::string_view kind = wanted.empty() ? std::string_view() : parts_.personas[wanted[0].label].name;
      std::vector<librarian::Passage> facts = parts_.lookup(query, kind, parts_.block_tokens);
      retrieval_.succeeded();
      return facts;
    } catch (const Error& error) {
      retrieval_.failed();
      record.skipped.push_back(concat("retrieval: ", error.what()));
      return {};
    }
  }

  /// Of those that are wanted the ones that have not failed again and again; else the most probable other one that has
  /// not.
  std::vector<Choice> able(const std::vector<Choice>& wanted, AnswerRecord& record) const {
    std::vector<Choice> out;
    for (const Choice& one : wanted) {
      if (personas_[one.label].allows()) {
        out.push_back(one);
      } else {
        record.skipped.push_back(concat(parts_.personas[one.label].name, ": it failed again and again"));
      }
    }
    if (out.empty() && !record.probabilities.empty()) {
      for (const Choice& one : ranked(record.probabilities)) {
        if (out.empty() && personas_[one.label].allows()) out.push_back(one);
      }
    }
    out.resize(std::min(out.size(), parts_.most_voices));
    return out;
  }

  /// One instead of several, the base model instead of one.
  static std::vector<Choice> fewer(std::vector<Choice> asked) {
    asked.resize(asked.size() > 1 ? 1 : 0);
    return asked;
  }

  void ask(std::string_view query, const std::vector<librarian::Passage>& facts, const std::vector<Choice>& asked,
           std::uint64_t seed, const std::stop_token& cancel, const std::function<void(std::string_view)>& piece,
           AnswerRecord& record) {
    Persona persona;
    std::vector<Voice> voices(std::max<std::size_t>(asked.size(), 1));
    if (!asked.empty()) persona = blend(parts_.personas, asked);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      voices[i] = {.adapter = parts_.personas[asked[i].label].adapter,
                   .probability = std::clamp(asked[i].probability, 0.0, 1.0)};
    }
    GenerateOptions options = persona.speech;
    options.cancel = cancel;
    const auto context = static_cast<std::size_t>(model_->limits().context);
    const auto most = static_cast<std::size_t>(options.max_tokens);
    auto composed = conversation_.compose(query, facts, persona.preamble, context - std::min(context, most),
                                          parts_.block_tokens);
    record.answer = council_.ask({.tokens = std::move(composed.tokens)}, false, voices, options, seed, piece);
    record.asked = asked;
    record.facts = composed.facts;
    record.turns = composed.turns;
  }

  const LanguageModel<B>* model_;
  Classifier* classifier_;
  Parts parts_;
  Conversation conversation_;
  Council<B, C> council_;
  Breaker generation_;
  Breaker retrieval_;
  std::vector<Breaker> personas_;  ///< (labels)
};

}  // namespace asterism::assistant
