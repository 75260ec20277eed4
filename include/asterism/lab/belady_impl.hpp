// Bodies of belady.hpp.
#pragma once

#include <cstddef>
#include <iterator>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "asterism/lab/belady.hpp"

namespace asterism::lab {

ASTERISM_INLINE ReplayCounts belady(const RoutingTrace& trace, std::uint64_t slots) {
  constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
  const auto members = static_cast<std::size_t>(trace.sizes().experts);
  const std::size_t parts = members * static_cast<std::size_t>(trace.sizes().layers);
  const auto number_of = [&](PartId part) {
    return static_cast<std::size_t>(part.group) * members + static_cast<std::size_t>(part.member);
  };

  // The parts that are used, step after step, and for each use the step of the next one.
  std::vector<std::size_t> uses;
  std::vector<std::size_t> first{0};  // of each step
  for_each_group_use(trace, [&](const GroupUse& use) {
    for (const PartId part : use.step) uses.push_back(number_of(part));
    first.push_back(uses.size());
  });
  std::vector<std::uint64_t> next(uses.size(), never);
  std::vector<std::uint64_t> next_of_part(parts, never);
  for (std::size_t step = first.size() - 1; step-- > 0;) {
    for (std::size_t i = first[step]; i < first[step + 1]; ++i) {
      next[i] = next_of_part[uses[i]];
      next_of_part[uses[i]] = step;
    }
  }

  ReplayCounts counts;
  std::set<std::pair<std::uint64_t, std::size_t>> residents;  // when each is used next, and which
  std::vector<std::pair<std::uint64_t, std::size_t>> misses;
  for (std::size_t step = 0; step + 1 < first.size(); ++step) {
    misses.clear();
    for (std::size_t i = first[step]; i < first[step + 1]; ++i) {
      ++counts.accesses;
      if (residents.erase({step, uses[i]}) == 1) {
        ++counts.hits;
      } else {
        misses.emplace_back(next[i], uses[i]);
      }
      if (next[i] != never) residents.insert({next[i], uses[i]});
    }
    while (residents.size() > slots) residents.erase(std::prev(residents.end()));
    for (const auto& miss : misses) ++(residents.count(miss) == 1 ? counts.fetches : counts.bypassed);
  }
  counts.victims = counts.fetches - residents.size();
  counts.bytes = {counts.fetches + counts.bypassed};
  return counts;
}

}  // namespace asterism::lab
