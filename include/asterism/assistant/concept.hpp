// The contracts of an assistant: what tells the kind of a query, and who is asked then.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// A label that is asked, and how probable it is.
struct Choice {
  std::size_t label = 0;
  double probability = 0;
  friend constexpr bool operator==(const Choice&, const Choice&) = default;
};

namespace needs {

template <class C>
concept labels = requires(const C& classifier) {
  { classifier.labels() } -> std::same_as<View<const std::string>>;
};

template <class C>
concept classify = requires(C& classifier, std::string_view query, View<double> probabilities) {
  { classifier.classify(query, probabilities) } -> std::same_as<void>;
};

template <class G>
concept choose = requires(const G& gate, View<const double> probabilities) {
  { gate.choose(probabilities) } -> std::same_as<std::vector<Choice>>;
};

template <class C>
concept combine = requires(MatrixView<const float> log_p, View<const double> weights, View<float> out) {
  { C::combine(log_p, weights, out) } -> std::same_as<void>;
};

template <class C>
concept name = requires {
  { C::name() } -> std::convertible_to<std::string_view>;
};

}  // namespace needs

/// Tells the kind of a query.
///
/// 1. `labels()`: the names of the kinds, two at least, each once; always the same.
/// 2. `classify(query, probabilities)`: probabilities (labels) get values in [0, 1] whose sum is 1 up to rounding, for
///    every text, also the empty one and bytes that are no UTF-8. The same text gets the same until the classifier
///    learns. Throws InvalidArgument unless there is a place for each label, and what a model throws that it computes
///    with; then they hold anything.
///
/// Models: NgramClassifier, KeywordRules, HiddenClassifier, Ensemble, LearningClassifier.
template <class C>
concept QueryClassifier = needs::labels<C> && needs::classify<C>;

/// Who is asked: labels of a classifier, the most probable first.
///
/// `choose(probabilities)`: probabilities (labels) as a classifier gives them; at least one choice, each label once, in
/// the order of their probabilities, of equal ones the lower number first; and no label is left out that is more
/// probable than one that is chosen, unless the gate falls back to labels of its own. Pure.
///
/// Models: Threshold, TopK, Mass, OrFallback.
template <class G>
concept Gate = needs::choose<G>;

/// What several distributions over the next token become.
///
/// 1. `C::combine(log_p, weights, out)`: log_p (voices, vocabulary) are logarithms of probabilities, whose sum is 1 in
///    each row; weights (voices), at least 0, sum to 1; out (vocabulary) gets logits of the distribution that stands
///    for all. A voice whose weight is 0 has no say, and one that has all of it is alone. Pure; the same bits wherever
///    a voice stands that has no weight. out may not overlap log_p.
/// 2. `C::name()`: a word.
///
/// Models: Product, Mixture.
template <class C>
concept Combination = needs::combine<C> && needs::name<C>;

}  // namespace asterism::assistant
