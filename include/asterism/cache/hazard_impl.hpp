// Bodies of hazard.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "asterism/cache/hazard.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::cache {

namespace detail {

inline constexpr double hazard_half_lives[] = {1.5, 6, 24, 96, 2};  // the last one of q
inline constexpr std::array<double, 7> hazard_prior = {.15, .25, .3, .3, 0, 0, 0};
inline constexpr double hazard_prior_weight = 20;
inline constexpr std::uint64_t hazard_passes = 8;  // from one solution to the next

}  // namespace detail

ASTERISM_INLINE Hazard::Hazard(const Parts& parts, Bytes capacity, HazardOptions options)
    : ranked_(parts, capacity, {.bypass = options.bypass}),
      top_k_(options.top_k),
      decay_{},
      x_(parts.size()),
      weights_(detail::hazard_prior) {
  if (options.top_k < 0 || options.top_k > parts.members()) {
    throw InvalidArgument(
        concat("top_k is ", options.top_k, ", expected 0 to ", parts.members(), ", the members of a group"));
  }
  for (std::size_t i = 0; i < decay_.size(); ++i) decay_[i] = std::exp2(-1 / detail::hazard_half_lives[i]);
  for (std::int32_t d = 0; d < parts.groups(); ++d) {
    discounts_.push_back(std::exp2(-static_cast<double>(d) / parts.groups()));
  }
}

ASTERISM_INLINE float Hazard::value(PartId part) const {
  return static_cast<float>(std::clamp(ranked_.worth(ranked_.parts().number(part)), 0.0, 1.0));
}

ASTERISM_INLINE Hazard::Vector Hazard::features_of(PartId part) const {
  Vector found{};
  std::copy_n(x_[ranked_.parts().number(part)].begin(), features, found.begin());
  return found;
}

ASTERISM_INLINE void Hazard::observe(std::int32_t group, View<const std::int32_t> used,
                                     View<const float> probabilities) {
  const Parts& parts = ranked_.parts();
  parts.check(group, used, probabilities);
  if (group <= last_group_ && ++passes_ % detail::hazard_passes == 0) solve();
  last_group_ = group;

  const auto members = static_cast<std::size_t>(parts.members());
  const std::size_t first = static_cast<std::size_t>(group) * members;
  for (std::size_t i = first; i < first + members; ++i) x_[i][features] = 0;
  for (const std::int32_t member : used) x_[parts.number({group, member})][features] = 1;
  learn(first, first + members);
  const double k = top_k_ > 0 ? top_k_ : static_cast<double>(used.size);
  for (std::size_t m = 0; m < members; ++m) {
    Row& x = x_[first + m];
    const double is_used = x[features];
    const double q = probabilities.empty() ? is_used : std::min(1.0, k * double{probabilities[m]});
    for (std::size_t i = 0; i < 4; ++i) x[i] = decay_[i] * x[i] + (1 - decay_[i]) * is_used;
    x[4] = q;
    x[5] = decay_[4] * x[5] + (1 - decay_[4]) * q;
    x[6] = k / static_cast<double>(members);
  }
  rank(first, first + members);
  for (std::int32_t d = 0; d < parts.groups(); ++d) {
    ranked_.set_factor((group + 1 + d) % parts.groups(), discounts_[static_cast<std::size_t>(d)]);
  }
}

// A is symmetric: the sums right of its diagonal and b, in registers, then both halves.
ASTERISM_INLINE void Hazard::learn(std::size_t first, std::size_t end) {
  const auto row = [&]<std::size_t... column>(std::size_t r, std::index_sequence<column...>) {
    Row sum{};
    for (std::size_t i = first; i < end; ++i) {
      const Row& x = x_[i];
      const double x_r = x[r];
      ((sum[column] += x_r * x[features - column]), ...);
    }
    ((a_[r][features - column] += sum[column]), ...);
  };
  row(0, std::make_index_sequence<8>());
  row(1, std::make_index_sequence<7>());
  row(2, std::make_index_sequence<6>());
  row(3, std::make_index_sequence<5>());
  row(4, std::make_index_sequence<4>());
  row(5, std::make_index_sequence<3>());
  row(6, std::make_index_sequence<2>());
}

ASTERISM_INLINE void Hazard::rank(std::size_t first, std::size_t end) {
  for (std::size_t i = first; i < end; ++i) {
    double v = 0;
    for (std::size_t f = 0; f < features; ++f) v += weights_[f] * x_[i][f];
    ranked_.set_worth(i, v);
  }
}

// Gauss without pivoting, for the matrix is positive definite.
ASTERISM_INLINE void Hazard::solve() {
  std::array<Row, features> m = a_;
  for (std::size_t row = 0; row < features; ++row) {
    for (std::size_t column = 0; column < row; ++column) m[row][column] = m[column][row];
    m[row][row] += detail::hazard_prior_weight;
    m[row][features] += detail::hazard_prior_weight * detail::hazard_prior[row];
  }
  for (std::size_t pivot = 0; pivot < features; ++pivot) {
    for (std::size_t row = pivot + 1; row < features; ++row) {
      const double factor = m[row][pivot] / m[pivot][pivot];
      for (std::size_t column = pivot; column <= features; ++column) m[row][column] -= factor * m[pivot][column];
    }
  }
  for (std::size_t row = features; row-- > 0;) {
    double sum = m[row][features];
    for (std::size_t column = row + 1; column < features; ++column) sum -= m[row][column] * weights_[column];
    weights_[row] = sum / m[row][row];
  }
  rank(0, x_.size());
}

}  // namespace asterism::cache
