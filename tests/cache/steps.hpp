// Passes for tests of caches, and what came out of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/random.hpp"

namespace asterism::cache {

/// One group of one pass.
struct Use {
  std::int32_t group = 0;
  std::vector<std::int32_t> used;
  std::vector<float> probabilities;
  std::vector<PartId> step;
};

/// `top_k` members of each group in each pass. Popularity differs, and drifts.
inline std::vector<Use> passes_to_try(std::int32_t groups, std::int32_t members, std::size_t top_k,
                                      std::size_t passes, std::uint64_t seed) {
  Random random(seed);
  std::vector<Use> uses;
  std::vector<double> bias(static_cast<std::size_t>(groups) * static_cast<std::size_t>(members));
  for (double& one : bias) one = random.normal();
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (std::int32_t group = 0; group < groups; ++group) {
      std::vector<double> scores(static_cast<std::size_t>(members));
      double total = 0;
      for (std::size_t m = 0; m < scores.size(); ++m) {
        double& one = bias[static_cast<std::size_t>(group) * scores.size() + m];
        one = 0.95 * one + 0.3 * random.normal();
        scores[m] = std::exp(one + 0.5 * random.normal());
        total += scores[m];
      }
      Use use{.group = group, .used = {}, .probabilities = {}, .step = {}};
      for (const double score : scores) use.probabilities.push_back(static_cast<float>(score / total));
      std::set<std::int32_t> used;
      while (used.size() < top_k) {
        const auto best = std::max_element(scores.begin(), scores.end());
        used.insert(static_cast<std::int32_t>(best - scores.begin()));
        *best = -1;
      }
      use.used.assign(used.begin(), used.end());
      for (const std::int32_t member : used) use.step.push_back({group, member});
      uses.push_back(use);
    }
  }
  return uses;
}

template <class C>
Admission admit(C& cache, const std::vector<PartId>& step) {
  Admission admission;
  cache.admit(step, admission);
  return admission;
}

/// As part of a pass.
template <class C>
Admission pass_through(C& cache, const Use& use) {
  cache.observe(use.group, use.used, use.probabilities);
  return admit(cache, use.step);
}

using PartIds = std::vector<PartId>;

}  // namespace asterism::cache
