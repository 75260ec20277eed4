// Checks of the operands of the operations that train, as Checks has them for the others.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/checks.hpp"
#include "asterism/backend/dropout.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/sequences.hpp"
#include "asterism/backend/training_extent.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/quant/float_storage.hpp"

namespace asterism::backend {

/// One member per operation, as in Checks: throws WrongDevice unless all operands are on `device`, then InvalidArgument
/// unless their shapes agree and, where scratch memory depends on them, stay within what was reserved. HostTraining and
/// BasicTrainingHost document the shapes.
struct TrainingChecks {
  std::int32_t device;

  template <class... Operands>
  void same_shapes(const char* operation, const DeviceMatrix<const float>& first,
                   const Operands&... others) const {
    Checks{device}.on_this_device(operation, first, others...);
    demand(operation, ((others.rows() == first.rows() && others.cols() == first.cols()) && ...));
  }

  /// Of either norm.
  void norm_backward(const char* operation, DeviceMatrix<const float> x, DeviceMatrix<const float> weight,
                     DeviceMatrix<const float> dy, DeviceMatrix<const float> dx, DeviceMatrix<const float> dweight,
                     const TrainingExtent& extent) const;
  /// A sum over the rows of x into one row.
  void sum(const char* operation, DeviceMatrix<const float> x, DeviceMatrix<const float> sums,
           const TrainingExtent& extent) const;
  void attend_packed(const char* operation, DeviceMatrix<const float> queries, DeviceMatrix<const float> keys,
                     DeviceMatrix<const float> values, DeviceMatrix<const float> out, std::size_t head_dim,
                     const Sequences& sequences, const TrainingExtent& extent) const;
  void attend_both_ways(const char* operation, DeviceMatrix<const float> queries, const Sequences& of_queries,
                        DeviceMatrix<const float> keys, DeviceMatrix<const float> values, const Sequences& of_keys,
                        DeviceMatrix<const float> out, std::size_t head_dim, const TrainingExtent& extent) const;
  void layer_norm(DeviceMatrix<const float> x, DeviceMatrix<const float> weight, DeviceMatrix<const float> bias,
                  DeviceMatrix<const float> y) const;
  void dropout(const Dropout& from, View<const std::int32_t> rows, DeviceMatrix<const float> x) const;
  void weigh(const char* operation, const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
             DeviceMatrix<const float> confidences, DeviceMatrix<const gating::Route> weighed) const;
  void squared_error(MatrixView<const float> targets, View<const float> weights, DeviceMatrix<const float> y,
                     DeviceMatrix<const float> terms) const;
  void combine_backward(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                        DeviceMatrix<const float> answers, DeviceMatrix<const float> dx,
                        DeviceMatrix<const float> dslots, DeviceMatrix<const float> dweights) const;
  void gather_backward(const ExpertGroups& groups, DeviceMatrix<const gating::Route> routes,
                       DeviceMatrix<const float> dslots, DeviceMatrix<const float> dx) const;
  void route_backward(DeviceMatrix<const float> scores, DeviceMatrix<const float> probabilities,
                      DeviceMatrix<const gating::Route> routes, DeviceMatrix<const float> dweights,
                      DeviceMatrix<const float> dprobabilities, DeviceMatrix<const float> dscores) const;
  /// `numbers` of experts, of which none in `routes` was dropped.
  void choices(const char* operation, DeviceMatrix<const gating::Route> routes,
               DeviceMatrix<const std::int32_t> numbers) const;
  /// `some` are rows of `all`, which `rows` names.
  void rows_of(const char* operation, DeviceMatrix<const float> all, View<const std::int32_t> rows,
               DeviceMatrix<const float> some) const;
  void cross_entropy(DeviceMatrix<const float> logits, View<const TokenId> targets, View<const float> weights,
                     DeviceMatrix<const float> results) const;
  /// `count` numbers for each row of x.
  void of_rows(const char* operation, DeviceMatrix<const float> x, DeviceMatrix<const float> numbers,
               std::size_t count) const;

  /// Numbers in float32 and in a type of 2 bytes.
  void stored_floats(const char* operation, DeviceMatrix<const float> x, quant::FloatStorage storage,
                     DeviceMatrix<const std::uint16_t> stored) const;

  /// y = x W^T, with gradients in the place of some of them.
  template <class Format>
  void product(const char* operation, const DeviceWeights<Format>& weights, DeviceMatrix<const float> x,
               DeviceMatrix<const float> y) const {
    Checks{device}.on_this_device(operation, weights, x, y);
    demand(operation, x.rows() == y.rows() && x.cols() == weights.cols && y.cols() == weights.rows);
  }
  template <class Format>
  void grouped_product(const char* operation, View<const DeviceWeights<Format>> weights,
                       const ExpertGroups& groups, DeviceMatrix<const float> x,
                       DeviceMatrix<const float> y) const {
    Checks{device}.grouped_product(weights, groups, x, y, operation);
  }
  template <class Format>
  void embed_backward(View<const TokenId> ids, DeviceMatrix<const float> d,
                      const DeviceWeights<Format>& dtable) const {
    Checks{device}.embed(dtable, ids, d);
  }

 private:
  static void demand(const char* operation, bool met);
};

}  // namespace asterism::backend

#if !defined(ASTERISM_COMPILED)
#include "asterism/backend/training_checks_impl.hpp"
#endif
