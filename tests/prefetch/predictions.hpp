// Help for the tests of prefetchers: routings told in a line, and what is predicted of a group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/prefetch/concept.hpp"

namespace asterism::test {

struct Told {
  std::int32_t sequence = 0;
  prefetch::Phase phase = prefetch::Phase::decode;
  std::vector<float> probabilities{};
  std::vector<float> next{};
  std::vector<std::int32_t> next_used{};
};

/// `prefetcher` observes that the group used these members.
template <class P>
void tell(P& prefetcher, std::int32_t group, const std::vector<std::int32_t>& used, const Told& told = {}) {
  prefetcher.observe({group, told.sequence, told.phase, used, told.probabilities, told.next, told.next_used});
}

/// The probability of each member of the group, 0 for those that are not predicted.
template <class P>
std::vector<float> asked(P& prefetcher, std::int32_t group, std::size_t members) {
  std::vector<prefetch::Prediction> out(members);
  std::vector<float> all(members);
  const std::size_t count = prefetcher.predict(group, out);
  for (std::size_t i = 0; i < count; ++i) all[static_cast<std::size_t>(out[i].part.member)] = out[i].probability;
  return all;
}

/// `count` distinct members, ascending.
inline std::vector<std::int32_t> distinct(std::int32_t members, std::int32_t count, Random& random) {
  std::vector<std::int32_t> used;
  for (std::int32_t m = 0; m < members; ++m) {
    const auto left = static_cast<std::uint64_t>(members - m);
    if (random.below(left) < static_cast<std::uint64_t>(count) - used.size()) used.push_back(m);
  }
  return used;
}

}  // namespace asterism::test
