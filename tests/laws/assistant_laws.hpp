// The laws of an assistant's policies, for those of the toolkit and for your own:
//
//   TEST_CASE("my classifier obeys the laws") { laws::query_classifier(my_classifier); }
//   TEST_CASE("my gate obeys the laws") { laws::gate(MyGate()); }
//   TEST_CASE("my combination obeys the laws") { laws::combination<MyCombination>(); }
//
// Needs doctest.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "asterism/assistant/concept.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

/// Texts that people, programs and enemies send.
inline std::vector<std::string> queries_of_all_kinds() {
  return {"",
          " ",
          "What is the cost of Dusk Seer?",
          "what IS the Cost of dusk seer",
          "Wie teuer ist Dämmerseherin?",
          "\xff\xfe broken \xc3",
          std::string("a\0b", 3),
          std::string(20000, 'x'),
          "🜁🜂 🜃"};
}

template <assistant::QueryClassifier C>
void query_classifier(C& classifier) {
  const auto holds = [](bool law, const std::string& query, const char* sentence) {
    if (!law) throw LawBroken(model_name<C>() + ", '" + query.substr(0, 40) + "': " + sentence);
  };
  const View<const std::string> labels = classifier.labels();
  holds(labels.size >= 2, "", "there are at least two labels");
  holds(std::set<std::string>(labels.begin(), labels.end()).size() == labels.size, "", "each label is there once");
  std::vector<double> first(labels.size);
  for (const std::string& query : queries_of_all_kinds()) {
    classifier.classify(query, first);
    double sum = 0;
    for (const double value : first) {
      holds(value >= 0 && value <= 1, query, "probabilities are in [0, 1]");
      sum += value;
    }
    holds(std::abs(sum - 1) < 1e-9, query, "probabilities sum to 1");
  }
  for (const std::string& query : queries_of_all_kinds()) {
    std::vector<double> again(labels.size);
    classifier.classify(query, first);
    classifier.classify("something else", again);
    classifier.classify(query, again);
    holds(first == again, query, "the same text gets the same");
  }
  std::vector<double> too_many(labels.size + 1);
  bool refused = false;
  try {
    classifier.classify("?", too_many);
  } catch (const InvalidArgument&) {
    refused = true;
  }
  holds(refused, "?", "places for other labels are refused");
}

/// `falls_back`: it may choose labels of its own.
template <assistant::Gate G>
void gate(const G& gate, bool falls_back = false) {
  Random random(7);
  for (std::size_t round = 0; round < 400; ++round) {
    std::vector<double> probabilities(2 + random.below(6));
    double sum = 0;
    for (double& value : probabilities)
      sum += value = std::floor(random.uniform() * 8) + (round % 3 == 0 ? 0.0 : 0.1);
    if (sum == 0) sum = probabilities[0] = 1;
    for (double& value : probabilities) value /= sum;
    const auto holds = [&](bool law, const char* sentence) {
      if (!law) throw LawBroken(model_name<G>() + ", " + some_of(probabilities) + ": " + sentence);
    };
    const std::vector<assistant::Choice> chosen = gate.choose(probabilities);
    holds(!chosen.empty(), "somebody is asked");
    holds(chosen == gate.choose(probabilities), "the same probabilities have the same choices");
    std::set<std::size_t> labels;
    for (const assistant::Choice& one : chosen) {
      holds(one.label < probabilities.size(), "labels are those of the classifier");
      holds(labels.insert(one.label).second, "each label is chosen once");
      holds(one.probability == probabilities[one.label], "a choice has the probability of its label");
    }
    if (falls_back) continue;
    for (std::size_t i = 1; i < chosen.size(); ++i) {
      const auto before = chosen[i - 1];
      holds(before.probability > chosen[i].probability ||
                (before.probability == chosen[i].probability && before.label < chosen[i].label),
            "the most probable comes first, of equal ones the lower number");
    }
    for (std::size_t label = 0; label < probabilities.size(); ++label) {
      holds(labels.count(label) > 0 || probabilities[label] <= chosen.back().probability,
            "nobody is left out who is more probable");
    }
  }
  bool refused = false;
  try {
    gate.choose(View<const double>());
  } catch (const InvalidArgument&) {
    refused = true;
  }
  if (!refused) throw LawBroken(model_name<G>() + ": no probabilities are refused");
}

template <assistant::Combination C>
void combination() {
  Random random(11);
  for (std::size_t round = 0; round < 200; ++round) {
    const std::size_t voices = 1 + random.below(4);
    const std::size_t vocabulary = 2 + random.below(40);
    std::vector<float> log_p(voices * vocabulary);
    for (std::size_t voice = 0; voice < voices; ++voice) {
      double sum = 0;
      std::vector<double> p(vocabulary);
      for (double& value : p) sum += value = std::exp(4 * random.normal());
      for (std::size_t t = 0; t < vocabulary; ++t) {
        log_p[voice * vocabulary + t] = static_cast<float>(std::log(p[t] / sum));
      }
    }
    const MatrixView<const float> said(log_p.data(), voices, vocabulary);
    const auto holds = [&](bool law, const char* sentence) {
      if (!law) throw LawBroken(std::string(C::name()) + ", " + std::to_string(voices) + " voices: " + sentence);
    };
    const auto probabilities = [&](const std::vector<double>& weights) {
      std::vector<float> logits(vocabulary);
      C::combine(said, weights, logits);
      double sum = 0;
      std::vector<double> out;
      for (const float value : logits) {
        holds(std::isfinite(value), "logits are finite where logarithms are");
        out.push_back(std::exp(double{value}));
        sum += out.back();
      }
      for (double& value : out) value /= sum;
      return out;
    };
    std::vector<double> weights(voices);
    double sum = 0;
    for (double& weight : weights) sum += weight = random.uniform() + 1e-3;
    for (double& weight : weights) weight /= sum;
    const std::vector<double> joint = probabilities(weights);
    for (std::size_t t = 0; t < vocabulary; ++t) {
      double least = 1;
      for (std::size_t voice = 0; voice < voices; ++voice) {
        least = std::min(least, std::exp(double{said(voice, t)}));
      }
      holds(least <= 0.5 || joint[t] > 0.5, "what all hold to be likelier than all else together is so for all");
    }
    // Alone with all of the weight a voice says what it says.
    const std::size_t alone = random.below(voices);
    std::vector<double> only(voices);
    only[alone] = 1;
    const std::vector<double> own = probabilities(only);
    for (std::size_t t = 0; t < vocabulary; ++t) {
      holds(std::abs(own[t] - std::exp(double{said(alone, t)})) < 1e-5, "a voice with all of the weight is alone");
    }
  }
}

}  // namespace asterism::laws
