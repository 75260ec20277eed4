// What several classifiers say together.
#pragma once

#include <cstddef>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"

namespace asterism::assistant {

/// A logarithmic opinion pool: log p = sum_m w_m log p_m, normalised; 1 / sum_m w_m is its temperature. Source: Heskes,
/// Selecting weighting factors in logarithmic opinion pools, NIPS 1997; temperature: Guo et al., On calibration of
/// modern neural networks, ICML 2017.
class Pool {
 public:
  /// A weight of each member, at least one, finite and not negative, one of them positive. InvalidArgument otherwise.
  explicit Pool(std::vector<double> weights);

  View<const double> weights() const { return weights_; }
  double temperature() const;

  /// members (members, labels): what each says. Into `probabilities` (labels); InvalidArgument for other sizes. What a
  /// member holds to be less probable than 1e-6 counts as 1e-6.
  void combine(MatrixView<const double> members, View<double> probabilities) const;

  /// The weights under which queries that no member has learned from are most probable. said (queries * members,
  /// labels): of each query what each member says; labels (queries). InvalidArgument unless there are queries.
  static Pool fitted(MatrixView<const double> said, View<const std::size_t> labels);

 private:
  std::vector<double> weights_;
};

}  // namespace asterism::assistant

#if !defined(ASTERISM_COMPILED)
#include "asterism/assistant/pool_impl.hpp"
#endif
