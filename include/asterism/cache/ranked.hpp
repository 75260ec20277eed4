// Residents in an order of worth: what policies share that evict the least valuable part first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/parts.hpp"
#include "asterism/cache/residents.hpp"

namespace asterism::cache {

/// What ranked policies can be asked for.
struct RankedOptions {
  /// A part of the step is computed from a step slot if room for it would cost a part that is worth more; without, it
  /// replaces that part, and a step without room is refused.
  bool bypass = false;
};

/// Residents whose next victim is the one of the least worth, of equal ones the one that was least recently in a step.
/// A policy sets the worths, any numbers but NaN, and asks `admit`. The worths of a group may share a factor.
///
/// With bypass the step's misses are taken most valuable first, and one is fetched if there is room for it without
/// victims that are worth more. Finding a victim costs a pass over the groups, and one over the members of each group
/// that changed.
class Ranked {
 public:
  Ranked(const Parts& parts, Bytes capacity, RankedOptions options = {});

  const Parts& parts() const { return residents_.parts(); }
  Bytes capacity() const { return residents_.capacity(); }
  bool contains(PartId part) const { return residents_.contains(part); }
  void pin(PartId part);
  void unpin(PartId part);

  double worth(std::size_t number) const { return worth_[number]; }
  void set_worth(std::size_t number, double worth) {
    worth_[number] = worth;
    least_[group_of(number)] = unknown;
  }
  /// The parts of the group are worth `factor` >= 0 times what was set; 1 at first.
  void set_factor(std::int32_t group, double factor) { factor_[static_cast<std::size_t>(group)] = factor; }

  /// As the contract of `Cache` says.
  void admit(View<const PartId> step, Admission& admission);

 private:
  static constexpr std::int64_t unknown = -2;
  static constexpr std::int64_t none = -1;

  std::size_t group_of(std::size_t number) const { return number / static_cast<std::size_t>(parts().members()); }
  double value(std::size_t number) const { return worth_[number] * factor_[group_of(number)]; }
  /// Whether a leaves before b.
  bool before(std::size_t a, std::size_t b) const {
    const double worth_a = value(a);
    const double worth_b = value(b);
    return worth_a < worth_b || (worth_a == worth_b && used_at_[a] < used_at_[b]);
  }
  std::int64_t least_of(std::size_t group) const;
  std::int64_t next_victim();
  /// Makes room for a part of the step, or returns false and changes nothing.
  bool make_room(std::size_t number);
  void forget(View<const PartId> step);

  Residents residents_;
  RankedOptions options_;
  std::vector<double> worth_;           // (parts)
  std::vector<std::uint64_t> used_at_;  // (parts): when it was last in a step, counted in parts of steps
  std::vector<double> factor_;          // (groups)
  std::vector<std::int64_t> least_;     // (groups): who of the group leaves first, or none, or unknown
  std::vector<bool> leaving_;           // (parts): chosen by make_room
  std::vector<std::size_t> victims_;    // those
  std::uint64_t now_ = 0;
};

}  // namespace asterism::cache

#if !defined(ASTERISM_COMPILED)
#include "asterism/cache/ranked_impl.hpp"
#endif
