// The recommended cache: learns while it runs how likely each part is used again soon.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/cache/concept.hpp"
#include "asterism/cache/ranked.hpp"

namespace asterism::cache {

struct HazardOptions {
  bool bypass = true;      ///< as RankedOptions
  std::int32_t top_k = 0;  ///< members that a row chooses, at most those of a group; 0: as many as the pass used
};

/// Estimates for every part, resident or not, how likely the next pass of its group uses it: v = w . x with
///
///     x = [use decayed with half-lives of 1.5, 6, 24, 96 passes; q = min(1, k p); q decayed with half-life 2; k / E]
///
/// of the group's last pass, where p is the router's probability, k = top_k and E = members. Decayed means
/// y <- d y + (1 - d) new with d = 0.5^(1 / half-life), from 0. Where probabilities are not known, q is 1 for members
/// that were used, else 0.
///
/// w is learnt by ridge regression on all parts of every observed group, from w0 = (.15 .25 .3 .3 0 0 0):
/// A += x x', b += x used with the x from before the observation and used in {0, 1}; every 8 passes
/// (A + 20 I) w = b + 20 w0 is solved.
///
/// The victim is the part of the least v * 0.5^(d / L): L groups, d of which run before its own does, 0 for the group
/// after the one that was observed last: what is needed sooner stays. One budget over all groups.
/// Source: this project's study of caches on routing traces, docs/policies/cache.md.
class Hazard {
 public:
  static constexpr std::size_t features = 7;
  using Vector = std::array<double, features>;

  /// Throws InvalidArgument unless 0 <= top_k <= members.
  Hazard(const Parts& parts, Bytes capacity, HazardOptions options = {});

  Bytes capacity() const { return ranked_.capacity(); }
  bool contains(PartId part) const { return ranked_.contains(part); }
  void pin(PartId part) { ranked_.pin(part); }
  void unpin(PartId part) { ranked_.unpin(part); }
  /// v, clamped to [0, 1].
  float value(PartId part) const;

  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities);
  void admit(View<const PartId> step, Admission& admission) { ranked_.admit(step, admission); }

  /// What is learnt: w, and the features of a part.
  const Vector& weights() const { return weights_; }
  Vector features_of(PartId part) const;

 private:
  // A row of x and a row of A with b as its last column; eight numbers make whole vector registers.
  using Row = std::array<double, features + 1>;

  void learn(std::size_t first, std::size_t end);
  void solve();
  void rank(std::size_t first, std::size_t end);

  Ranked ranked_;
  std::int32_t top_k_;
  std::array<double, 5> decay_;    // of x[0] to x[3] and x[5]
  std::vector<Row> x_;             // (parts); x[7] is whether the part is used in the pass that is observed
  std::array<Row, features> a_{};  // the upper triangle of A, and b
  Vector weights_;
  std::vector<double> discounts_;  // (groups): 0.5^(d / L)
  std::int32_t last_group_ = -1;
  std::uint64_t passes_ = 0;
};

}  // namespace asterism::cache

#if !defined(ASTERISM_COMPILED)
#include "asterism/cache/hazard_impl.hpp"
#endif
