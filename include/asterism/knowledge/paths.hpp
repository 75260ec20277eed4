// The shortest way from one place of a graph to another, and what lies within some hops.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/adjacency.hpp"
#include "asterism/knowledge/place_map.hpp"

namespace asterism::knowledge {

/// A way through a graph: the edges in order, each with the place that it leads to.
struct Path {
  std::vector<Step> steps{};  ///< none if there is no way, and if it begins where it ends
  bool found = false;
  bool complete = true;  ///< nothing was cut short: if none was found there is none
};

/// Which edges of a place lead on.
enum class Direction : std::uint8_t { out, in, both };

/// A place, and the fewest edges that lead there.
struct Hop {
  std::uint32_t place = 0;
  std::uint32_t hops = 0;
  friend constexpr bool operator==(const Hop&, const Hop&) = default;
};

struct Reached {
  std::vector<Hop> places{};  ///< ascending by hops, then place
  bool complete = true;       ///< nothing was cut short; else places are missing
};

namespace detail {

/// Throws InvalidArgument unless the graph has the place.
template <Adjacency A>
void check_place(const A& adjacency, std::uint32_t place) {
  if (place < adjacency.places()) return;
  throw InvalidArgument(concat("place ", place, " of a graph that has ", adjacency.places()));
}

/// Breadth-first from both ends, always from the end that has fewer places to go on from.
template <class Walk>
class PathSearch {
 public:
  PathSearch(Walk& walk, std::uint32_t from, std::uint32_t to) : walk_(&walk), before_(from), after_(to) {}

  Path run(std::size_t depth) {
    Path path;
    for (std::size_t edges = 1; edges <= depth; ++edges) {
      const bool forward = before_.front.size() <= after_.front.size();
      if (!(forward ? go_forward() : go_back())) break;
      for (const std::uint32_t place : before_.front) {  // by the way there, so the first is on the smallest way
        if (after_.seen.find(place) == PlaceMap<Reach>::none) continue;
        path.found = true;
        path.steps = way_through(place);
        return path;
      }
      if (before_.front.empty() || after_.front.empty()) break;
    }
    return path;
  }

 private:
  /// How a place was reached: the neighbour on the way, the edge between them, and how far the place is.
  struct Reach {
    Step by{};
    std::size_t level = 0;
  };
  struct End {
    explicit End(std::uint32_t place) : first(place), front{place} { seen.add(place); }
    std::uint32_t first;
    std::vector<std::uint32_t> front;
    PlaceMap<Reach> seen{};
    std::size_t level = 0;
  };

  /// The front is in the order of the smallest ways to its places: whoever reaches a place first is on the way there.
  bool go_forward() {
    ++before_.level;
    std::vector<std::uint32_t> next;
    for (const std::uint32_t place : before_.front) {
      const std::size_t first = next.size();
      const bool walked = walk_->out(place, [&](const Step& step) {
        const auto [at, fresh] = before_.seen.add(step.place);
        Reach& reach = before_.seen[at];
        if (fresh) next.push_back(step.place);
        const bool again = reach.level == before_.level && reach.by.place == place && step.edge < reach.by.edge;
        if (fresh || again) reach = {{place, step.edge, step.weight}, before_.level};
      });
      if (!walked) return false;
      std::sort(next.begin() + static_cast<std::ptrdiff_t>(first), next.end());
    }
    before_.front = std::move(next);
    return true;
  }

  /// Of the ways on from a place, all equally long, the smallest begins with the smallest neighbour.
  bool go_back() {
    ++after_.level;
    std::vector<std::uint32_t> next;
    for (const std::uint32_t place : after_.front) {
      const bool walked = walk_->in(place, [&](const Step& step) {
        const auto [at, fresh] = after_.seen.add(step.place);
        Reach& reach = after_.seen[at];
        if (fresh) next.push_back(step.place);
        const bool smaller =
            reach.level == after_.level && std::tie(place, step.edge) < std::tie(reach.by.place, reach.by.edge);
        if (fresh || smaller) reach = {{place, step.edge, step.weight}, after_.level};
      });
      if (!walked) return false;
    }
    after_.front = std::move(next);
    return true;
  }

  std::vector<Step> way_through(std::uint32_t middle) const {
    std::vector<Step> steps;
    for (std::uint32_t place = middle; place != before_.first;) {
      const Step by = before_.seen[before_.seen.find(place)].by;
      steps.push_back({place, by.edge, by.weight});
      place = by.place;
    }
    std::reverse(steps.begin(), steps.end());
    for (std::uint32_t place = middle; place != after_.first; place = steps.back().place) {
      steps.push_back(after_.seen[after_.seen.find(place)].by);
    }
    return steps;
  }

  Walk* walk_;
  End before_;
  End after_;
};

}  // namespace detail

/// The way of the fewest edges, at most `depth` of them, along the edges' direction; of equally short ones that whose
/// places are the smallest in lexicographical order, then whose edges are. Of a place to itself: found, without steps.
/// Bidirectional breadth-first search (Pohl: Bi-directional search, 1971). InvalidArgument if there is no such place.
template <Adjacency A, Meter M = Unlimited>
Path shortest_path(const A& adjacency, std::uint32_t from, std::uint32_t to, std::size_t depth = 3, M meter = {}) {
  detail::check_place(adjacency, from);
  detail::check_place(adjacency, to);
  if (from == to) return {.found = true};
  detail::Walk walk(adjacency, meter);
  Path path = detail::PathSearch(walk, from, to).run(depth);
  path.complete = walk.finish();
  return path;
}

/// The places within `hops` edges of `from`, itself not among them. InvalidArgument if there is no such place.
template <Adjacency A, Meter M = Unlimited>
Reached reachable(const A& adjacency, std::uint32_t from, std::size_t hops, Direction direction = Direction::out,
                  M meter = {}) {
  detail::check_place(adjacency, from);
  detail::Walk walk(adjacency, meter);
  struct Nothing {};
  PlaceMap<Nothing> seen;
  seen.add(from);
  Reached reached;
  std::vector<std::uint32_t> front{from};
  for (std::uint32_t hop = 1; hop <= hops && !front.empty(); ++hop) {
    std::vector<std::uint32_t> next;
    const auto meet = [&](const Step& step) {
      if (seen.add(step.place).second) next.push_back(step.place);
    };
    for (const std::uint32_t place : front) {
      if (direction != Direction::in && !walk.out(place, meet)) break;
      if (direction != Direction::out && !walk.in(place, meet)) break;
    }
    std::sort(next.begin(), next.end());
    for (const std::uint32_t place : next) reached.places.push_back({place, hop});
    front = std::move(next);
  }
  reached.complete = walk.finish();
  return reached;
}

}  // namespace asterism::knowledge
