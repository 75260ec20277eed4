// An assistant: tells the kind of a query, looks facts up, asks one persona or several, and goes on without what fails.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
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
#include "asterism/generate/chosen_adapter.hpp"
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
/// gate instead of the classifier; of several personas each alone, the most probable first; the next most probable one;
/// the base model. Its record says so. Not thread-safe; what is referred to outlives it.
template <class B, QueryClassifier Classifier, Gate G = OrFallback<>, Combination C = Product>
class Assistant {
 public:
  using Now = std::function<Breaker::Clock::time_point()>;
  using Listener = std::function<void(std::string_view)>;

  struct Parts {
    std::vector<Persona> personas;  ///< (labels), in the order of the classifier's labels
    G gate;
    Persona base{.name = "the base model"};  ///< who answers where no persona can
    std::optional<KeywordRules> rules{};     ///< for when the classifier fails; of the same labels
    Lookup lookup{};                         ///< empty: no block
    std::size_t most_voices = 3;             ///< caches are drawn for so many
    std::size_t turns = 5;                   ///< of the conversation that a query sees
    PromptForm form{};
    std::size_t block_tokens = 3072;  ///< of facts at most, and what the context leaves
    CouncilOptions council{};
    Now now = &Breaker::Clock::now;  ///< of breakers and stages
  };

  /// InvalidArgument unless there is a persona for each label, of its name, whose adapter the model knows and whose
  /// answers leave room for a query, rules have the same labels, as many adapters have slots as may answer together,
  /// and the gate chooses among the labels. Throws as Council.
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
    if (parts_.rules && !std::ranges::equal(parts_.rules->labels(), labels)) {
      throw InvalidArgument("an assistant's rules have the labels of its classifier, in their order");
    }
    for (const Persona& persona : parts_.personas) check_speech(persona);
    check_speech(parts_.base);
    check_adapters();
    check_choices(parts_.gate.choose(std::vector<double>(labels.size, 1 / static_cast<double>(labels.size))));
    check_choices(without_classifier());
  }

  /// Forgets the turns so far.
  void clear() { conversation_.clear(); }

  /// Answers, seeing the turns before. piece(text) is told of text as it comes; once it was, an answer that fails is
  /// not begun again. What it throws ends the answer, and is nobody's failure. A cancelled answer is no turn. Throws
  /// InvalidArgument for a query that leaves no room in the context, and what the last resort throws; Error where
  /// generation fails again and again.
  AnswerRecord answer(std::string_view query, std::uint64_t seed = 0, const std::stop_token& cancel = {},
                      const Listener& piece = {}) {
    if (!generation_.allows()) {
      throw Error(concat("no answers for now: the last ", Breaker::generation.failures, " failed; ",
                         Breaker::generation.reset.count(), " s after that they are tried again"));
    }
    AnswerRecord record;
    std::vector<Choice> wanted;
    Asking asking{.query = query, .seed = seed, .cancel = cancel, .piece = piece};
    timed(record, "classify", [&] { wanted = choose(query, record); });
    timed(record, "retrieve", [&] { asking.facts = look_up(query, wanted, record); });
    timed(record, "answer", [&] { go_down(asking, able(wanted, record), record); });
    return record;
  }

 private:
  /// A query under way.
  struct Asking {
    std::string_view query;
    std::vector<librarian::Passage> facts{};
    std::uint64_t seed = 0;
    std::stop_token cancel{};
    const Listener& piece;
    bool told = false;             ///< some text
    bool listener_failed = false;  ///< it threw
  };

  template <class F>
  void timed(AnswerRecord& record, const char* stage, F&& f) {
    const auto begun = parts_.now();
    f();
    record.stages.push_back({stage, std::chrono::duration<double>(parts_.now() - begun).count()});
  }

  void check_speech(const Persona& persona) const {
    if (persona.speech.max_tokens < model_->limits().context) return;
    throw InvalidArgument(concat(persona.name, ": answers of ", persona.speech.max_tokens,
                                 " tokens leave no room for a ", "query in a context of ",
                                 model_->limits().context,
                                 ": lower GenerateOptions::max_tokens or raise Limits::context"));
  }

  void check_adapters() const {
    std::set<std::string_view> adapters;
    for (const Persona& persona : parts_.personas) {
      typename generate::AdaptersOf<B>::Chosen known(*model_, persona.adapter);  // refuses what nobody knows
      if (!persona.adapter.empty()) adapters.insert(persona.adapter);
    }
    const auto together = std::min(adapters.size(), parts_.most_voices);
    if (together <= 1 || together <= static_cast<std::size_t>(B::Adapters::slots)) return;
    throw InvalidArgument(concat("an assistant of which ", together, " adapters may answer together, and ",
                                 B::Adapters::slots, " are in memory: give expert::Adapters more slots, or lower ",
                                 "most_voices"));
  }

  void check_choices(const std::vector<Choice>& choices) const {
    for (const Choice& one : choices) {
      if (one.label < parts_.personas.size()) continue;
      throw InvalidArgument(concat("a gate has chosen label ", one.label, " of ", parts_.personas.size()));
    }
  }

  std::vector<Choice> without_classifier() const {
    if constexpr (requires { parts_.gate.without_classifier(); }) return parts_.gate.without_classifier();
    return {};
  }

  std::vector<Choice> choose(std::string_view query, AnswerRecord& record) {
    record.probabilities.resize(parts_.personas.size());
    bool knows = true;
    try {
      classifier_->classify(query, record.probabilities);
    } catch (const std::exception& error) {
      record.skipped.push_back(concat("the classifier: ", error.what()));
      knows = parts_.rules.has_value();
      if (knows) parts_.rules->classify(query, record.probabilities);
    }
    if (knows) return parts_.gate.choose(record.probabilities);
    record.probabilities.clear();
    return without_classifier();
  }

  std::vector<librarian::Passage> look_up(std::string_view query, const std::vector<Choice>& wanted,
                                          AnswerRecord& record) {
    if (!parts_.lookup) return {};
    if (!retrieval_.allows()) {
      record.skipped.push_back("facts: looking them up failed again and again");
      return {};
    }
    try {
      const std::string_view kind = wanted.empty() ? std::string_view() : parts_.personas[wanted[0].label].name;
      std::vector<librarian::Passage> facts = parts_.lookup(query, kind, parts_.block_tokens);
      retrieval_.succeeded();
      return facts;
    } catch (const std::exception& error) {
      retrieval_.failed();
      record.skipped.push_back(concat("facts: ", error.what()));
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

  /// All together, each alone, the base model: the first that can answers.
  void go_down(Asking& asking, const std::vector<Choice>& able, AnswerRecord& record) {
    std::vector<std::vector<Choice>> attempts;
    if (able.size() > 1) attempts.push_back(able);
    for (const Choice& one : able) attempts.push_back({one});
    attempts.emplace_back();
    for (auto asked = attempts.begin();; ++asked) {
      const Persona persona = asked->empty() ? parts_.base : blend(parts_.personas, *asked);
      try {
        ask(asking, *asked, persona, record);
      } catch (const InvalidArgument&) {
        throw;  // the query's fault
      } catch (const Error& error) {
        if (asking.listener_failed) throw;
        if (asked->size() == 1) personas_[asked->front().label].failed();
        if (asking.told || asked->empty()) {
          generation_.failed();
          throw;
        }
        record.skipped.push_back(concat(persona.name, ": ", error.what()));
        continue;
      }
      if (record.answer.stats.finish_reason == FinishReason::cancelled) return;
      conversation_.add(asking.query, record.answer.text);
      generation_.succeeded();
      for (const Choice& one : *asked) personas_[one.label].succeeded();
      // Of several that failed together it was one of those that have not been tried alone.
      const bool failed_together = able.size() > 1 && asked != attempts.begin() && !asked->empty();
      for (auto other = asked + 1; failed_together && !other->empty(); ++other)
        personas_[other->front().label].failed();
      return;
    }
  }

  void ask(Asking& asking, const std::vector<Choice>& asked, const Persona& persona, AnswerRecord& record) {
    std::vector<Voice> voices;
    for (const Choice& one : asked) {
      voices.push_back(
          {.adapter = parts_.personas[one.label].adapter, .probability = std::clamp(one.probability, 0.0, 1.0)});
    }
    if (voices.empty()) voices.push_back({.adapter = persona.adapter});
    GenerateOptions options = persona.speech;
    options.cancel = asking.cancel;
    const auto context = static_cast<std::size_t>(model_->limits().context);
    const auto most = static_cast<std::size_t>(options.max_tokens);
    auto composed = conversation_.compose(asking.query, asking.facts, persona.preamble,
                                          context - std::min(context, most), parts_.block_tokens);
    const auto tell = [&](std::string_view text) {
      if (!asking.piece) return;
      asking.told = asking.listener_failed = true;
      asking.piece(text);
      asking.listener_failed = false;
    };
    record.answer =
        council_.ask({.tokens = std::move(composed.tokens)}, false, voices, options, asking.seed, tell);
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
