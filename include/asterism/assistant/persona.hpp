// A persona: an adapter, what it is told first, and how it speaks.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "asterism/assistant/concept.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/options.hpp"

namespace asterism::assistant {

/// One of those that an assistant may ask.
struct Persona {
  std::string name;        ///< the label of the queries that it answers
  std::string adapter{};   ///< by its name in LanguageModel::adapters(); empty: the base model
  std::string preamble{};  ///< stands before the query
  GenerateOptions speech{.temperature = 0.3F, .top_p = 0.8F};
};

/// Several personas as one: preambles one after the other, temperature and top-p as means by how probable each is, all
/// else as the first one has it. choices: labels that are numbers of personas, at least one; InvalidArgument otherwise.
inline Persona blend(View<const Persona> personas, View<const Choice> choices) {
  if (choices.empty()) throw InvalidArgument("a blend of no personas: a gate chooses one at least");
  Persona out;
  double all = 0;
  double temperature = 0;
  double top_p = 0;
  for (const Choice& choice : choices) {
    if (choice.label >= personas.size) throw InvalidArgument("a gate has chosen a label that no persona has");
    const Persona& persona = personas[choice.label];
    if (all == 0) out.speech = persona.speech;
    // Where all are improbable they count alike.
    const double weight = choice.probability > 0 ? choice.probability : 1e-6;
    all += weight;
    temperature += weight * double{persona.speech.temperature};
    top_p += weight * double{persona.speech.top_p};
    out.name += (out.name.empty() ? "" : "+") + persona.name;
    if (!persona.preamble.empty()) out.preamble += (out.preamble.empty() ? "" : "\n") + persona.preamble;
  }
  if (choices.size == 1) {
    out.adapter = personas[choices[0].label].adapter;
  } else {
    out.speech.temperature = static_cast<float>(temperature / all);
    out.speech.top_p = static_cast<float>(top_p / all);
  }
  return out;
}

}  // namespace asterism::assistant
