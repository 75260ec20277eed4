// Bodies of training_checks.hpp.
#pragma once

#include "asterism/backend/training_checks.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"

namespace asterism::backend {

ASTERISM_INLINE void TrainingChecks::demand(const char* operation, bool met) {
  if (!met) {
    throw InvalidArgument(
        concat(operation, ": the shapes of the operands do not agree, or exceed what was reserved for training"));
  }
}

ASTERISM_INLINE void TrainingChecks::norm_backward(const char* operation, DeviceMatrix<const float> x,
                                                   DeviceMatrix<const float> weight, DeviceMatrix<const float> dy,
                                                   DeviceMatrix<const float> dx, DeviceMatrix<const float> dweight,
                                                   const TrainingExtent& extent) const {
  same_shapes(operation, x, dy, dx);
  Checks{device}.on_this_device(operation, weight);
  if (dweight.rows() > 0) same_shapes(operation, weight, dweight);
  sum(operation, x, weight, extent);
}

ASTERISM_INLINE void TrainingChecks::sum(const char* operation, DeviceMatrix<const float> x,
                                         DeviceMatrix<const float> sums, const TrainingExtent& extent) const {
  Checks{device}.on_this_device(operation, x, sums);
  // Heads count as rows: the same numbers, differently cut.
  demand(operation, sums.rows() == 1 && sums.cols() == x.cols() && x.cols() <= extent.cols &&
                        x.rows() * x.cols() <= extent.rows * extent.cols);
}

ASTERISM_INLINE void TrainingChecks::attend_packed(const char* operation, DeviceMatrix<const float> queries,
                                                   DeviceMatrix<const float> keys,
                                                   DeviceMatrix<const float> values, DeviceMatrix<const float> out,
                                                   std::size_t head_dim, const Sequences& sequences,
                                                   const TrainingExtent& extent) const {
  same_shapes(operation, queries, out);
  same_shapes(operation, keys, values);
  demand(operation, head_dim > 0 && keys.cols() > 0 && keys.cols() % head_dim == 0 &&
                        queries.cols() % keys.cols() == 0 && queries.rows() == keys.rows() &&
                        sequences.cut(queries.rows(), extent.longest));
}

ASTERISM_INLINE void TrainingChecks::attend_both_ways(const char* operation, DeviceMatrix<const float> queries,
                                                      const Sequences& of_queries, DeviceMatrix<const float> keys,
                                                      DeviceMatrix<const float> values, const Sequences& of_keys,
                                                      DeviceMatrix<const float> out, std::size_t head_dim,
                                                      const TrainingExtent& extent) const {
  same_shapes(operation, queries, out);
  same_shapes(operation, keys, values);
  demand(operation, head_dim > 0 && keys.cols() > 0 && keys.cols() % head_dim == 0 &&
                        queries.cols() % keys.cols() == 0 && of_queries.size() == of_keys.size() &&
                        of_queries.cut(queries.rows(), queries.rows()) &&
                        of_keys.cut(keys.rows(), extent.longest));
}

ASTERISM_INLINE void TrainingChecks::layer_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight,
                                                DeviceMatrix<const float> bias,
                                                DeviceMatrix<const float> y) const {
  same_shapes("layer_norm", x, y);
  same_shapes("layer_norm", weight, bias);
  Checks{device}.on_this_device("layer_norm", weight);
  demand("layer_norm", weight.rows() == 1 && weight.cols() == x.cols() && x.cols() > 0);
}

ASTERISM_INLINE void TrainingChecks::dropout(const Dropout& from, View<const std::int32_t> rows,
                                             DeviceMatrix<const float> x) const {
  Checks{device}.on_this_device("dropout", x);
  demand("dropout", rows.size == x.rows());
  if (!(from.rate >= 0 && from.rate < 1 && from.threshold() < 65536)) {
    throw InvalidArgument(concat("dropout: the rate is ", from.rate, ", expected a number in [0, 1)"));
  }
}

ASTERISM_INLINE void TrainingChecks::weigh(const char* operation, const ExpertGroups& groups,
                                           DeviceMatrix<const gating::Route> routes,
                                           DeviceMatrix<const float> confidences,
                                           DeviceMatrix<const gating::Route> weighed) const {
  Checks{device}.on_this_device(operation, groups, routes, confidences, weighed);
  const std::size_t slots = groups.slot_of_choice.size;
  demand(operation, slots == routes.rows() * routes.cols() && confidences.rows() == slots &&
                        confidences.cols() == 1 && weighed.rows() == routes.rows() &&
                        weighed.cols() == routes.cols());
}

ASTERISM_INLINE void TrainingChecks::squared_error(MatrixView<const float> targets, View<const float> weights,
                                                   DeviceMatrix<const float> y,
                                                   DeviceMatrix<const float> terms) const {
  Checks{device}.on_this_device("squared_error", y, terms);
  demand("squared_error", targets.rows == y.rows() && targets.cols == y.cols() && weights.size == y.rows() &&
                              terms.rows() == 1 && terms.cols() == y.rows());
}

ASTERISM_INLINE void TrainingChecks::combine_backward(
    const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> answers,
    DeviceMatrix<const float> dx, DeviceMatrix<const float> dslots, DeviceMatrix<const float> dweights) const {
  Checks{device}.combine(groups, routes, answers, dx);
  same_shapes("combine_backward", answers, dslots);
  Checks{device}.on_this_device("combine_backward", dweights);
  demand("combine_backward", dweights.rows() == routes.rows() && dweights.cols() == routes.cols());
}

ASTERISM_INLINE void TrainingChecks::gather_backward(const ExpertGroups& groups,
                                                     DeviceMatrix<const gating::Route> routes,
                                                     DeviceMatrix<const float> dslots,
                                                     DeviceMatrix<const float> dx) const {
  Checks{device}.combine(groups, routes, dslots, dx);
}

ASTERISM_INLINE void TrainingChecks::route_backward(DeviceMatrix<const float> scores,
                                                    DeviceMatrix<const float> probabilities,
                                                    DeviceMatrix<const gating::Route> routes,
                                                    DeviceMatrix<const float> dweights,
                                                    DeviceMatrix<const float> dprobabilities,
                                                    DeviceMatrix<const float> dscores) const {
  same_shapes("route_backward", scores, probabilities, dscores);
  Checks{device}.on_this_device("route_backward", routes, dweights, dprobabilities);
  const std::size_t rows = dprobabilities.rows();
  demand("route_backward", routes.rows() == probabilities.rows() && dweights.rows() == routes.rows() &&
                               dweights.cols() == routes.cols() &&
                               (rows == 0 || ((rows == 1 || rows == routes.rows()) &&
                                              dprobabilities.cols() == probabilities.cols())));
}

ASTERISM_INLINE void TrainingChecks::choices(const char* operation, DeviceMatrix<const gating::Route> routes,
                                             DeviceMatrix<const std::int32_t> numbers) const {
  Checks{device}.on_this_device(operation, routes, numbers);
  demand(operation, numbers.rows() == 1);
  for (std::size_t i = 0; i < routes.rows(); ++i) {
    for (const gating::Route& route : routes.view.row(i)) {
      demand(operation, route.expert >= 0 && static_cast<std::size_t>(route.expert) < numbers.cols());
    }
  }
}

ASTERISM_INLINE void TrainingChecks::rows_of(const char* operation, DeviceMatrix<const float> all,
                                             View<const std::int32_t> rows, DeviceMatrix<const float> some) const {
  Checks{device}.on_this_device(operation, all, some);
  demand(operation, some.rows() == rows.size && some.cols() == all.cols());
  for (const std::int32_t row : rows) {
    demand(operation, row >= 0 && static_cast<std::size_t>(row) < all.rows());
  }
}

ASTERISM_INLINE void TrainingChecks::cross_entropy(DeviceMatrix<const float> logits, View<const TokenId> targets,
                                                   View<const float> weights,
                                                   DeviceMatrix<const float> results) const {
  Checks{device}.on_this_device("cross_entropy", logits, results);
  demand("cross_entropy", targets.size == logits.rows() && weights.size == logits.rows() && results.rows() == 2 &&
                              results.cols() == logits.rows() && logits.cols() > 0);
  for (const TokenId target : targets) {
    if (target < 0 || static_cast<std::size_t>(target) >= logits.cols()) {
      throw InvalidArgument(concat("cross_entropy: the target is token ", target, " of ", logits.cols()));
    }
  }
}

ASTERISM_INLINE void TrainingChecks::stored_floats(const char* operation, DeviceMatrix<const float> x,
                                                   quant::FloatStorage storage,
                                                   DeviceMatrix<const std::uint16_t> stored) const {
  Checks{device}.on_this_device(operation, x, stored);
  demand(operation, quant::bytes_of(storage) == sizeof(std::uint16_t) && x.rows() == stored.rows() &&
                        x.cols() == stored.cols() && x.view.stride == x.cols() &&
                        stored.view.stride == stored.cols());
}

ASTERISM_INLINE void TrainingChecks::of_rows(const char* operation, DeviceMatrix<const float> x,
                                             DeviceMatrix<const float> numbers, std::size_t count) const {
  Checks{device}.on_this_device(operation, x, numbers);
  demand(operation, numbers.rows() == x.rows() && numbers.cols() == count && x.cols() > 0);
}

}  // namespace asterism::backend
