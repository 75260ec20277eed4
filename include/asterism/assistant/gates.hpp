// Gates: from how probable the kinds of a query are to who answers it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "asterism/assistant/concept.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// All labels, the most probable first, of equal ones the lower number. InvalidArgument if there are none.
inline std::vector<Choice> ranked(View<const double> probabilities) {
  if (probabilities.empty()) throw InvalidArgument("a gate was handed no probabilities: a classifier has labels");
  std::vector<Choice> all;
  for (std::size_t label = 0; label < probabilities.size; ++label) all.push_back({label, probabilities[label]});
  std::stable_sort(all.begin(), all.end(),
                   [](const Choice& a, const Choice& b) { return a.probability > b.probability; });
  return all;
}

/// All labels that are at least so probable, else the best one.
struct Threshold {
  double least = 0.5;

  std::vector<Choice> choose(View<const double> probabilities) const {
    std::vector<Choice> all = ranked(probabilities);
    const auto end =
        std::find_if(all.begin() + 1, all.end(), [&](const Choice& one) { return one.probability < least; });
    all.erase(end, all.end());
    return all;
  }
};

/// The k best labels, or all there are.
struct TopK {
  std::size_t k = 2;

  std::vector<Choice> choose(View<const double> probabilities) const {
    if (k < 1) throw InvalidArgument("a gate of no labels: k is at least 1");
    std::vector<Choice> all = ranked(probabilities);
    all.resize(std::min(k, all.size()));
    return all;
  }
};

/// The fewest labels that together are at least so probable, and at most `most`: the less sure a classifier is, the
/// more are asked.
struct Mass {
  double enough = 0.7;
  std::size_t most = 3;

  std::vector<Choice> choose(View<const double> probabilities) const {
    if (most < 1) throw InvalidArgument("a gate of no labels: most is at least 1");
    std::vector<Choice> all = ranked(probabilities);
    double sum = 0;
    std::size_t count = 0;
    while (count < all.size() && count < most && (count == 0 || sum < enough)) sum += all[count++].probability;
    all.resize(count);
    return all;
  }
};

/// Another gate, unless the best label is less probable than `least`: then the labels of `fallback` are asked, in their
/// order, and so they are where there is no classifier.
template <Gate G = Mass>
struct OrFallback {
  std::vector<std::size_t> fallback;  ///< at least one
  double least = 0.4;
  G gate{};

  /// InvalidArgument where it falls back to nobody, or to a label that there is not.
  std::vector<Choice> choose(View<const double> probabilities) const {
    const Choice best = ranked(probabilities).front();
    std::vector<Choice> out = without_classifier();
    if (best.probability >= least) return gate.choose(probabilities);
    for (Choice& one : out) {
      if (one.label >= probabilities.size) {
        throw InvalidArgument(concat("a gate falls back to label ", one.label, " of ", probabilities.size));
      }
      one.probability = probabilities[one.label];
    }
    return out;
  }
  /// Without a classifier: all of the fallback alike.
  std::vector<Choice> without_classifier() const {
    if (fallback.empty())
      throw InvalidArgument("a gate falls back to no label: OrFallback::fallback has one at least");
    std::vector<Choice> out;
    for (const std::size_t label : fallback) out.push_back({label, 1.0 / static_cast<double>(fallback.size())});
    return out;
  }
};

}  // namespace asterism::assistant
