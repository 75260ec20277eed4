// The laws of a walk, for those of the toolkit and for your own:
//
//   TEST_CASE("my walk obeys the laws") { laws::walk_policy(MyWalk()); }
//
// Needs doctest.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/walk.hpp"

#include "laws/law.hpp"

namespace asterism::laws {

namespace detail {

/// A graph at random, whose steps come in another order each time.
class ShuffledGraph {
 public:
  ShuffledGraph(std::size_t places, std::size_t edges, Random& random)
      : out_(places), in_(places), random_(random()) {
    for (std::uint32_t i = 0; i < edges; ++i) {
      // Two halves that no edge joins.
      const std::uint64_t half = random.below(2) * (places / 2);
      const auto from = static_cast<std::uint32_t>(half + random.below(places / 2));
      const auto to = static_cast<std::uint32_t>(half + random.below(places / 2));
      const double weight = 0.1 * static_cast<double>(1 + random.below(30));
      const auto kind = static_cast<std::uint16_t>(random.below(5));
      out_[from].push_back({to, {i}, weight, kind});
      in_[to].push_back({from, {i}, weight, kind});
    }
  }
  std::size_t places() const { return out_.size(); }
  template <class F>
  void for_each_out(std::uint32_t place, F&& f) const {
    for (const knowledge::Step& step : shuffled(out_[place])) f(step);
  }
  template <class F>
  void for_each_in(std::uint32_t place, F&& f) const {
    for (const knowledge::Step& step : shuffled(in_[place])) f(step);
  }

  /// Places that edges join with one of the seeds, in whatever direction.
  std::vector<bool> joined(const std::vector<knowledge::Seed>& seeds) const {
    std::vector<bool> met(places());
    std::vector<std::uint32_t> open;
    const auto meet = [&](std::uint32_t place) {
      if (!met[place]) open.push_back(place);
      met[place] = true;
    };
    for (const knowledge::Seed& seed : seeds) meet(seed.place);
    while (!open.empty()) {
      const std::uint32_t place = open.back();
      open.pop_back();
      for (const auto* all : {&out_, &in_}) {
        for (const knowledge::Step& step : (*all)[place]) meet(step.place);
      }
    }
    return met;
  }

 private:
  std::vector<knowledge::Step> shuffled(std::vector<knowledge::Step> steps) const {
    for (std::size_t i = steps.size(); i > 1; --i) std::swap(steps[i - 1], steps[random_.below(i)]);
    return steps;
  }

  std::vector<std::vector<knowledge::Step>> out_;
  std::vector<std::vector<knowledge::Step>> in_;
  mutable Random random_;
};

struct CountedEdges {
  std::size_t* told;
  std::size_t most;
  bool operator()(std::size_t edges) const { return (*told += edges) < most; }
};

}  // namespace detail

template <knowledge::WalkPolicy Walk>
void walk_policy(const Walk& walk) {
  constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  const std::string model = model_name<Walk>();
  Random random(1);
  for (int round = 0; round < 30; ++round) {
    const detail::ShuffledGraph graph(40, 20 + 10 * static_cast<std::size_t>(round), random);
    std::vector<knowledge::Seed> seeds(1 + random.below(3));
    for (knowledge::Seed& seed : seeds) {
      seed = {static_cast<std::uint32_t>(random.below(40)), 0.1 + random.uniform()};
    }
    const auto rank = [&](std::size_t count) {
      return walk.rank(graph, View<const knowledge::Seed>(seeds), count, knowledge::Unlimited{});
    };
    const knowledge::Ranking found = rank(all);
    {
      const Law law("scores are above 0 and descend, ties to the lower place", model);
      for (std::size_t i = 0; i < found.places.size(); ++i) {
        const knowledge::Ranked& one = found.places[i];
        law.holds(one.score > 0 && std::isfinite(one.score), "the score of place ", one.place, " is ", one.score);
        if (i == 0) continue;
        const knowledge::Ranked& before = found.places[i - 1];
        law.holds(before.score > one.score || (before.score == one.score && before.place < one.place), "place ",
                  one.place, " stands behind place ", before.place);
      }
    }
    {
      const Law law("what no edge joins with a seed is not near", model);
      const std::vector<bool> joined = graph.joined(seeds);
      for (const knowledge::Ranked& one : found.places)
        law.holds(joined[one.place], "place ", one.place, " is ranked");
      law.holds(found.complete, "the ranking is not complete");
    }
    {
      const Law law("the order of edges and seeds does not matter, and fewer places are the first ones", model);
      std::reverse(seeds.begin(), seeds.end());
      law.holds(rank(all).places == found.places, "another time the ranking is another");
      const std::size_t some = random.below(6);
      const knowledge::Ranking few = rank(some);
      law.holds(few.places.size() == std::min(some, found.places.size()) &&
                    std::equal(few.places.begin(), few.places.end(), found.places.begin()),
                "the first ", some, " are others");
    }
    {
      const Law law("a meter stops it, and the ranking says so", model);
      std::size_t told = 0;
      walk.rank(graph, View<const knowledge::Seed>(seeds), all, detail::CountedEdges{&told, all});
      law.holds(told > 0 || found.places.size() <= seeds.size(), "it told the meter of no edges");
      std::size_t stopped = 0;
      const knowledge::Ranking none =
          walk.rank(graph, View<const knowledge::Seed>(seeds), all, detail::CountedEdges{&stopped, 0});
      law.holds(stopped == 0 && (told == 0 || !none.complete), "it walked ", stopped,
                " edges, and is complete or not");
    }
  }
  const Law law("without seeds nothing is near; seeds that are none are refused", model);
  const detail::ShuffledGraph graph(10, 20, random);
  law.holds(walk.rank(graph, View<const knowledge::Seed>(), all, knowledge::Unlimited{}).places.empty(),
            "something is near nothing");
  for (const knowledge::Seed& seed : {knowledge::Seed{10, 1}, knowledge::Seed{1, 0}, knowledge::Seed{1, -1},
                                      knowledge::Seed{1, std::numeric_limits<double>::quiet_NaN()}}) {
    bool refused = false;
    try {
      walk.rank(graph, View<const knowledge::Seed>(&seed, 1), all, knowledge::Unlimited{});
    } catch (const InvalidArgument&) {
      refused = true;
    }
    law.holds(refused, "place ", seed.place, " with weight ", seed.weight, " is taken");
  }
}

}  // namespace asterism::laws
