// What past questions tell about a new one: which facts served, and how these hung together with what was named.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/snapshot.hpp"
#include "asterism/knowledge/types.hpp"

namespace asterism::librarian {

/// A way from a thing to a fact, whatever the things on it are: kinds of edges, each along its direction or against it.
/// "A card's keyword, the rule that governs it, what that states" is one of three.
struct Pattern {
  struct Step {
    std::uint16_t kind = 0;
    bool along = true;
    friend auto operator<=>(const Step&, const Step&) = default;
  };
  std::vector<Step> steps{};
  friend auto operator<=>(const Pattern&, const Pattern&) = default;
};

/// The longest pattern that is looked for.
inline constexpr std::size_t longest_pattern = 3;

/// A place that a pattern leads to, and the edges on the way.
struct Led {
  knowledge::NodeId to = knowledge::no_node;
  std::vector<knowledge::EdgeId> way{};
};

/// Edges at a node that hold, but for those of the kinds in `without`, as steps: f(step, other end, edge).
template <class Snapshot, class F>
void for_each_step(const Snapshot& snapshot, knowledge::NodeId from, std::uint64_t without, F&& f) {
  for (const knowledge::Edge& edge : snapshot.edges(from, knowledge::Direction::both, ~without)) {
    if (edge.from == from) f(Pattern::Step{edge.kind, true}, edge.to, edge.id);
    if (edge.to == from && edge.from != from) f(Pattern::Step{edge.kind, false}, edge.from, edge.id);
  }
}

/// The pattern of a shortest way from one of the things to a fact, of at most `longest_pattern` edges, none of the
/// kinds `without`; of equal ones the smallest. Without steps if there is none. `meter` as in knowledge/adjacency.hpp.
template <class Snapshot, class Meter>
Pattern pattern_to(const Snapshot& snapshot, const std::vector<knowledge::NodeId>& things, knowledge::NodeId fact,
                   std::uint64_t without, Meter&& meter) {
  // From the fact back, since facts have few edges and things many.
  std::map<knowledge::NodeId, Pattern> front{{fact, {}}};
  std::map<knowledge::NodeId, bool> seen{{fact, true}};
  for (std::size_t depth = 0; depth < longest_pattern; ++depth) {
    std::map<knowledge::NodeId, Pattern> next;
    for (const auto& reached : front) {
      const knowledge::NodeId node = reached.first;
      const Pattern& pattern = reached.second;
      std::size_t walked = 0;
      for_each_step(snapshot, node, without, [&](Pattern::Step step, knowledge::NodeId other, knowledge::EdgeId) {
        ++walked;
        if (seen.count(other) != 0) return;
        Pattern longer{{Pattern::Step{step.kind, !step.along}}};
        longer.steps.insert(longer.steps.end(), pattern.steps.begin(), pattern.steps.end());
        const auto [at, fresh] = next.try_emplace(other, longer);
        if (!fresh) at->second = std::min(at->second, longer);
      });
      if (!meter(walked)) return {};
    }
    const Pattern* best = nullptr;
    for (const knowledge::NodeId thing : things) {
      const auto at = next.find(thing);
      if (at != next.end() && (best == nullptr || at->second < *best)) best = &at->second;
    }
    if (best != nullptr) return *best;
    for (const auto& [node, pattern] : next) seen[node] = true;
    front = std::move(next);
  }
  return {};
}

/// Where a pattern leads from a thing, by id.
template <class Snapshot, class Meter>
std::vector<Led> follow(const Snapshot& snapshot, knowledge::NodeId thing, const Pattern& pattern,
                        std::uint64_t without, Meter&& meter) {
  std::map<knowledge::NodeId, std::vector<knowledge::EdgeId>> front{{thing, {}}};
  for (const Pattern::Step& wanted : pattern.steps) {
    std::map<knowledge::NodeId, std::vector<knowledge::EdgeId>> next;
    for (const auto& reached : front) {
      const knowledge::NodeId node = reached.first;
      const std::vector<knowledge::EdgeId>& way = reached.second;
      std::size_t walked = 0;
      for_each_step(snapshot, node, without,
                    [&](Pattern::Step step, knowledge::NodeId other, knowledge::EdgeId edge) {
                      ++walked;
                      if (step != wanted) return;
                      std::vector<knowledge::EdgeId> longer = way;
                      longer.push_back(edge);
                      next.try_emplace(other, std::move(longer));
                    });
      if (!meter(walked)) return {};
    }
    front = std::move(next);
  }
  std::vector<Led> led;
  for (auto& [node, way] : front) led.push_back({node, std::move(way)});
  return led;
}

}  // namespace asterism::librarian
