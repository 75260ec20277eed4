// What algorithms over a graph see of it: places, and the edges between them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/knowledge/types.hpp"

namespace asterism::knowledge {

/// One edge, as seen from one of its ends: the place at the other end, the edge's weight, above 0, and its kind, where
/// edges have kinds.
struct Step {
  std::uint32_t place = 0;
  EdgeId edge = no_edge;
  double weight = 1;
  std::uint16_t kind = 0;
  friend constexpr bool operator==(const Step&, const Step&) = default;
};

/// What `for_each_out` and `for_each_in` call.
struct StepVisitor {
  void operator()(const Step&) const {}
};

namespace needs {

template <class A>
concept places = requires(const A& adjacency) {
  { adjacency.places() } -> std::same_as<std::size_t>;
};

template <class A>
concept for_each_out = requires(const A& adjacency, std::uint32_t place) {
  adjacency.for_each_out(place, StepVisitor{});
};

template <class A>
concept for_each_in = requires(const A& adjacency, std::uint32_t place) {
  adjacency.for_each_in(place, StepVisitor{});
};

}  // namespace needs

/// A directed graph as it is at one instant, for algorithms that only read it.
///
/// 1. `places()`: nodes are the places 0 ... places() - 1, at most 2^32 - 1 of them; some may have no edges.
/// 2. `for_each_out(place, f)`: f(Step) for every edge that leaves the place, `for_each_in(place, f)`: for every edge
///    that arrives there; in any order. Edges of equal ends and edges from a place to itself may be among them.
///
/// No result of an algorithm depends on the order of steps: ties go to the lower place, then to the lower edge.
template <class A>
concept Adjacency = needs::places<A> && needs::for_each_out<A> && needs::for_each_in<A>;

/// Limits an algorithm's work. It is asked before the edges of a place are walked, and is told how many edges were
/// walked since it was last asked; once it says false, the algorithm stops and its result says that it is not
/// complete. It is told of the last edges too, when its answer is of no account.
template <class M>
concept Meter = std::predicate<M&, std::size_t>;

/// The meter that never stops anything.
struct Unlimited {
  bool operator()(std::size_t) const { return true; }
};

namespace detail {

/// Walks edges for as long as a meter lets it.
template <Adjacency A, Meter M>
class Walk {
 public:
  Walk(const A& adjacency, M& meter) : adjacency_(&adjacency), meter_(&meter) {}

  /// False, and calls nothing, once the meter has said so.
  template <class F>
  bool out(std::uint32_t place, F&& f) {
    if (!goes_on()) return false;
    adjacency_->for_each_out(place, [&](const Step& step) {
      ++walked_;
      f(step);
    });
    return true;
  }
  template <class F>
  bool in(std::uint32_t place, F&& f) {
    if (!goes_on()) return false;
    adjacency_->for_each_in(place, [&](const Step& step) {
      ++walked_;
      f(step);
    });
    return true;
  }
  /// Tells the meter of the last edges; returns whether it never stopped.
  bool finish() {
    if (walked_ != 0) (*meter_)(walked_);
    walked_ = 0;
    return !stopped_;
  }

 private:
  bool goes_on() {
    if (stopped_) return false;
    stopped_ = !(*meter_)(walked_);
    walked_ = 0;
    return !stopped_;
  }

  const A* adjacency_;
  M* meter_;
  std::size_t walked_ = 0;
  bool stopped_ = false;
};

}  // namespace detail

}  // namespace asterism::knowledge
