// The policies that a librarian follows unless told otherwise.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/view.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/sources.hpp"
#include "asterism/librarian/concept.hpp"
#include "asterism/librarian/statement.hpp"

namespace asterism::librarian {

/// The cosine. Models SimilarityPolicy.
struct Cosine {
  static constexpr double join = 0.85;
  static constexpr double merge = 0.95;
  static double of(View<const float> a, View<const float> b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (std::size_t i = 0; i < a.size; ++i) {
      dot += double{a[i]} * double{b[i]};
      aa += double{a[i]} * double{a[i]};
      bb += double{b[i]} * double{b[i]};
    }
    return dot / std::sqrt(aa * bb);
  }
};

/// Two reports may be one if the schema lets their kind, and all that they name is equal. Their vector is the mean of
/// the unit vectors, each weighted by its confidence: it does not drift with the number of arrivals. Sources are
/// independent: the confidence is 1 - the product of (1 - c) over them, each with its most confident report. Models
/// MergePolicy.
struct WeightedCentre {
  static constexpr double most_weight = 20;

  static bool allows(const Statement& a, const Statement& b) { return a.mergeable && a == b; }

  static knowledge::Node combine(View<const knowledge::Node> members) {
    knowledge::Node whole = members[0];
    if (members.size == 1) return whole;
    std::map<std::string_view, double> by_source;
    std::vector<double> sum(whole.vector.size());
    double weight = 0;
    for (const knowledge::Node& member : members) {
      double& confidence = by_source[member.source];
      confidence = std::max(confidence, member.confidence);
      whole.source = knowledge::with_sources(whole.source, member.source);
      weight += member.confidence;
      double length = 0;
      for (const float x : member.vector) length += double{x} * double{x};
      for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] += member.confidence * double{member.vector[i]} / std::sqrt(length);
      }
    }
    double doubt = 1;
    for (const auto& [source, confidence] : by_source) doubt *= 1 - confidence;
    whole.confidence = 1 - doubt;
    whole.weight = std::min(weight, most_weight);
    double length = 0;
    for (const double x : sum) length += x * x;
    for (std::size_t i = 0; i < sum.size(); ++i) whole.vector[i] = static_cast<float>(sum[i] / std::sqrt(length));
    return whole;
  }
};

/// What holds later counts. Models ConflictPolicy.
struct LaterEnds {
  static Verdict decide(const knowledge::Edge& /*held*/, const knowledge::Edge& /*said*/) {
    return Verdict::supersede;
  }
};

/// What was said first counts; another fact is refused while it holds. Models ConflictPolicy.
struct FirstStays {
  static Verdict decide(const knowledge::Edge& /*held*/, const knowledge::Edge& /*said*/) {
    return Verdict::refuse;
  }
};

/// confidence (1 + log2(1 + uses)) 2^(-age / 30 days); the age since it was last of use or, before that, filed. Models
/// EvictionPolicy.
struct FadingWorth {
  static constexpr double half_life = 30 * 86'400e6;  ///< microseconds

  static double worth(const knowledge::Node& node, const knowledge::Use& use, knowledge::Time now) {
    const double uses = 1 + std::log2(1 + static_cast<double>(use.count));
    if (use.last == knowledge::beginning) return node.confidence * uses;
    const double age = static_cast<double>(now.microseconds) - static_cast<double>(use.last.microseconds);
    return node.confidence * uses * std::exp2(-std::max(age, 0.0) / half_life);
  }
};

}  // namespace asterism::librarian
