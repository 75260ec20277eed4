// `ask`: a query is answered by the personas that its kind asks for.
#include <asterism/assistant/assistant.hpp>
#include <asterism/librarian/librarian.hpp>
#include <asterism/librarian/reference_desk.hpp>
#include <cstdio>
#include <iostream>
#include <memory>

#include "../knowledge/library.hpp"
#include "../support/command_line.hpp"
#include "assisted.hpp"
#include "bars.hpp"

namespace example {

namespace {

/// Facts of a graph's file, best first; those given by hand come before them.
assistant::Lookup lookup_of(const Arguments& arguments) {
  std::shared_ptr<const Library> library;
  if (!arguments.store.empty()) {
    library = std::make_shared<const Library>(arguments.store, Access::read, arguments.nodes);
  } else if (arguments.facts.empty()) {
    return {};
  }
  return
      [library, given = arguments.facts](std::string_view query, std::string_view /*kind*/, std::size_t budget) {
        std::vector<librarian::Passage> facts;
        for (const std::string& fact : given) facts.push_back({.text = fact, .score = 1});
        if (library == nullptr) return facts;
        const Snapshot snapshot = library->graph().snapshot();
        const std::vector<librarian::Category> categories = librarian::one_category();
        const librarian::ReferenceDesk desk(snapshot, library->encoder(), categories);
        const auto found =
            desk.consult(query, {.budget = {.seconds = 0.2, .tokens = budget}, .hits = 10, .margin = 0.06});
        for (const librarian::ConsultHit& hit : found.hits) facts.push_back({hit.id, hit.text, hit.score});
        return facts;
      };
}

/// Any gate, by its name.
struct AnyGate {
  std::string name;
  assistant::OrFallback<> mass;

  std::vector<assistant::Choice> choose(View<const double> probabilities) const {
    if (name == "threshold") return assistant::Threshold().choose(probabilities);
    if (name == "top-2") return assistant::TopK().choose(probabilities);
    if (name == "best") return assistant::TopK{.k = 1}.choose(probabilities);
    return mass.choose(probabilities);
  }
  std::vector<assistant::Choice> without_classifier() const { return mass.without_classifier(); }
};

void show(const assistant::AnswerRecord& record, View<const std::string> labels, bool steps,
          const text::Tokenizer& tokenizer) {
  std::cout << "\n\n";
  if (!record.probabilities.empty()) std::cout << bars(labels, record.probabilities);
  std::cout << "answered by ";
  if (record.asked.empty()) std::cout << "the base model";
  for (std::size_t i = 0; i < record.asked.size(); ++i) {
    std::cout << (i == 0 ? "" : " and ") << labels[record.asked[i].label];
  }
  std::cout << "; " << record.facts << " facts\n";
  for (const std::string& what : record.skipped) std::cout << wrapped("gone on without " + what + "\n");
  if (steps && record.asked.size() > 1) {
    std::cout << "\ntoken              bits apart  cosine  weights\n";
    for (const assistant::CouncilStep& step : record.answer.steps) {
      const std::string token = tokenizer.decode(View<const TokenId>(&step.token, 1));
      char line[96];
      std::snprintf(line, sizeof(line), "%-18.18s %10.4f  %6.3f ", printable(token, 18).c_str(), step.divergence,
                    step.cosine);
      std::cout << line;
      for (const double weight : step.weights) {
        std::snprintf(line, sizeof(line), " %.2f", weight);
        std::cout << line;
      }
      std::cout << (step.disagrees() ? "  they disagree\n" : "\n");
    }
    if (record.answer.alone) std::cout << labels[record.asked[*record.answer.alone].label] << " went on alone\n";
  }
  for (const auto& stage : record.stages) {
    char line[64];
    std::snprintf(line, sizeof(line), "%-10s %8.1f ms\n", stage.name.c_str(), 1e3 * stage.seconds);
    std::cout << line;
  }
}

template <assistant::Combination C>
int ask_with(const Arguments& arguments, const Interrupt& interrupt) {
  const auto model = load_base(arguments);
  Classifier classifier = classifier_of(arguments, model);
  using Assistant = assistant::Assistant<Assisted, Classifier, AnyGate, C>;
  const assistant::Labels labels({classifier.labels().begin(), classifier.labels().end()});
  typename Assistant::Parts parts;
  parts.personas = personas_of(arguments, model, labels.names());
  parts.base.speech = parts.personas.front().speech;
  parts.gate = {arguments.gate, {.fallback = {labels.number_of("REASON"), labels.number_of("EXPLAIN")}}};
  parts.rules = assistant::ClassifierFile::rules(labels, folder_of(arguments) + "/classifier");
  parts.lookup = lookup_of(arguments);
  Assistant assistant(model, classifier, std::move(parts));
  const auto record =
      assistant.answer(arguments.query, arguments.seed, interrupt.token(),
                       [](std::string_view piece) { std::cout << printable(piece, 1000) << std::flush; });
  show(record, labels.names(), arguments.show_steps, model.tokenizer());
  return interrupt.happened() ? Status::interrupted : Status::done;
}

}  // namespace

int ask(const Arguments& arguments, const Interrupt& interrupt) {
  if (arguments.combine == "mixture") return ask_with<assistant::Mixture>(arguments, interrupt);
  return ask_with<assistant::Product>(arguments, interrupt);
}

}  // namespace example
