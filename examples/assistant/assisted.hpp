// The experiment: the base model with its adapters, the classifier, and the personas of a folder.
#pragma once

#include <asterism/assistant/classifier_file.hpp>
#include <asterism/assistant/ensemble.hpp>
#include <asterism/assistant/hidden_classifier.hpp>
#include <asterism/assistant/keyword_rules.hpp>
#include <asterism/assistant/learning_classifier.hpp>
#include <asterism/assistant/persona.hpp>
#include <asterism/core/error.hpp>
#include <asterism/core/format.hpp>
#include <asterism/file/path.hpp>
#include <asterism/generate/adapters.hpp>
#include <asterism/generate/load.hpp>
#include <asterism/json/fields.hpp>
#include <asterism/json/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../support/command_line.hpp"
#include "../support/shipped.hpp"
#include "commands.hpp"

namespace example {

using namespace asterism;

/// One base in 4 bits; of adapters at attention three are in memory, beside which three voices answer together.
struct Assisted : Blueprint {
  static constexpr Limits limits{.context = 512, .batch = 4, .prefill_chunk = 256, .threads = 2};
  using Adapters =
      expert::Adapters<expert::AdapterTargets{.query = true, .key = true, .value = true, .output = true}, 16, 3>;
};

using Classifier = assistant::Ensemble<assistant::LearningClassifier, assistant::KeywordRules,
                                       assistant::HiddenClassifier<Assisted>>;

inline std::string folder_of(const Arguments& arguments) {
  return arguments.folder.empty() ? shipped("assistant") : arguments.folder;
}

inline LanguageModel<Assisted> load_base(const Arguments& arguments) {
  return load<Assisted>(arguments.checkpoint.empty() ? shipped("small_mixtral/checkpoint") : arguments.checkpoint);
}

/// The classifier of the folder, with what it has learned from feedback.
inline Classifier classifier_of(const Arguments& arguments, const LanguageModel<Assisted>& model) {
  const std::string folder = folder_of(arguments) + "/classifier";
  assistant::ClassifierFile file = assistant::ClassifierFile::read(folder);
  if (!file.hidden)
    throw FormatError(concat(folder, ": there is no head for hidden states; assistant fit writes one"));
  const auto buckets = static_cast<std::uint32_t>(file.ngrams.inputs());
  assistant::NgramClassifier ngrams(file.labels, assistant::QueryFeatures(buckets), std::move(file.ngrams));
  assistant::FeedbackJournal journal(arguments.feedback, file.labels);
  if (journal.dropped() > 0) {
    tell(concat(arguments.feedback, ": ", journal.dropped(),
                " bytes of a last line that was cut off do not count\n"));
  }
  return {assistant::Pool(file.pool), assistant::LearningClassifier(std::move(ngrams), std::move(journal)),
          assistant::ClassifierFile::rules(file.labels, folder),
          assistant::HiddenClassifier<Assisted>(file.labels, model, std::move(*file.hidden))};
}

/// The personas of the folder, personas.json, by the labels; their adapters are known to the model then.
inline std::vector<assistant::Persona> personas_of(const Arguments& arguments,
                                                   const LanguageModel<Assisted>& model,
                                                   View<const std::string> labels) {
  const std::string folder = folder_of(arguments) + "/personas";
  const std::string path = folder + "/personas.json";
  const json::Document document(json::parse(file::read_file(path, 1U << 20U), path));
  json::check_object(*document, "the document", path);
  std::vector<assistant::Persona> out;
  for (const std::string& label : labels) {
    const json::Value& one = json::require_field(*document, label, path);
    const std::string where = concat(path, ", ", label);
    json::check_object(one, label, path);
    const auto number = [&](const char* key) {
      const json::Value& value = json::require_field(one, key, where);
      if (!value.is_number()) throw FormatError(concat(where, ": '", key, "' is no number"));
      return value.get<float>();
    };
    assistant::Persona persona{.name = label};
    persona.speech.temperature = arguments.greedy ? 0 : number("temperature");
    persona.speech.top_p = number("top_p");
    persona.speech.max_tokens = arguments.max_tokens;
    persona.speech.stop = {"\n"};
    if (const json::Value* preamble = json::find_field(one, "preamble", where)) {
      if (!preamble->is_string()) throw FormatError(concat(where, ": 'preamble' is no string"));
      persona.preamble = preamble->get<std::string>();
    }
    // A persona without an adapter says so: {"adapter": false}.
    const json::Value* const adapter = json::find_field(one, "adapter", where);
    if (adapter == nullptr || *adapter != json::Value(false)) {
      model.adapters().add(label, folder + "/" + label);
      persona.adapter = label;
    }
    out.push_back(std::move(persona));
  }
  return out;
}

}  // namespace example
