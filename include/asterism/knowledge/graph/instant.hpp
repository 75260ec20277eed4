// A graph at one version and one instant, as its algorithms walk it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/knowledge/adjacency.hpp"
#include "asterism/knowledge/graph/rows.hpp"

namespace asterism::knowledge::detail {

/// An Adjacency of places. Edges are those that hold at the instant; of those of a functional kind that leave one node
/// at once, disputed ones, the most confident (of equals the lower id). The rows outlive it.
class Instant {
 public:
  /// `functional`, `kinds`: sets of kinds of edges, as bits; those not among `kinds` are passed over.
  Instant(const GraphRows& rows, Version version, Time valid, std::uint64_t functional,
          std::uint64_t kinds = ~std::uint64_t{0})
      : rows_(&rows), version_(version), valid_(valid), functional_(functional), kinds_(kinds) {}

  std::size_t places() const { return rows_->places(); }
  template <class F>
  void for_each_out(std::uint32_t place, F&& f) const {
    rows_->for_each_out(place, version_, [&](std::uint32_t row) {
      const EdgeRow& edge = rows_->edge(row);
      if (holds(row)) f(Step{edge.to, edge.id, edge.weight, edge.kind});
    });
  }
  template <class F>
  void for_each_in(std::uint32_t place, F&& f) const {
    rows_->for_each_in(place, version_, [&](std::uint32_t row) {
      const EdgeRow& edge = rows_->edge(row);
      if (holds(row)) f(Step{edge.from, edge.id, edge.weight, edge.kind});
    });
  }

  /// True if the edge, part of the version, holds at the instant and is not disputed by a better one.
  bool holds(std::uint32_t row) const {
    const EdgeRow& edge = rows_->edge(row);
    return (kinds_ >> edge.kind & 1U) != 0 && valid_then(edge) && !disputed(row);
  }
  /// True if another edge of its functional kind and node holds at the instant and is better.
  bool disputed(std::uint32_t row) const {
    const EdgeRow& edge = rows_->edge(row);
    if ((functional_ >> edge.kind & 1U) == 0) return false;
    bool beaten = false;
    rows_->for_each_out(edge.from, version_, [&](std::uint32_t other) {
      const EdgeRow& rival = rows_->edge(other);
      if (other == row || rival.kind != edge.kind || !valid_then(rival)) return;
      beaten = beaten || rival.confidence > edge.confidence ||
               (rival.confidence == edge.confidence && rival.id < edge.id);
    });
    return beaten;
  }
  /// False if edges of the kinds `facts` lead to the place and none of them holds: what was true of something once.
  bool place_holds(std::uint32_t place, std::uint64_t facts) const {
    bool any = false;
    bool held = false;
    rows_->for_each_in(place, version_, [&](std::uint32_t row) {
      if ((facts >> rows_->edge(row).kind & 1U) == 0) return;
      any = true;
      held = held || (valid_then(rows_->edge(row)) && !disputed(row));
    });
    return held || !any;
  }

 private:
  bool valid_then(const EdgeRow& edge) const { return edge.valid_from <= valid_ && valid_ < edge.valid_to; }

  const GraphRows* rows_;
  Version version_;
  Time valid_;
  std::uint64_t functional_;
  std::uint64_t kinds_;
};

}  // namespace asterism::knowledge::detail
