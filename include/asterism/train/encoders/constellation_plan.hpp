// The memory of a constellation that learns, known before it starts.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/training_crew.hpp"
#include "asterism/backend/training_extent.hpp"
#include "asterism/backend/training_host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/view.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/train/clip.hpp"
#include "asterism/train/encoders/constellation_layer.hpp"
#include "asterism/train/encoders/encoder_experts.hpp"
#include "asterism/train/encoders/sizes.hpp"
#include "asterism/train/encoders/tensors.hpp"
#include "asterism/train/plan.hpp"
#include "asterism/train/recipe.hpp"

namespace asterism::train {

/// A Recipe that says what learns, too: rows of features, with an answer each, and no text.
///
///     struct Mine : train::Recipe {
///       static constexpr train::ConstellationSizes sizes{.in = 64, .hidden = 128, .out = 64};
///       using Recompute = train::recompute::Experts;
///       static constexpr std::int32_t batch = 8, sequence = 128;
///     };
template <class C>
concept DescribesConstellation = DerivesFromRecipe<C> && requires {
  { C::sizes } -> std::convertible_to<const ConstellationSizes&>;
};

/// Calls f(info, value, gradient) for every tensor of a constellation, without memory; returns the weights' bytes.
template <class F>
constexpr Bytes for_each_tensor(const ConstellationSizes& sizes, F f) {
  TensorCursor cursor(f);
  lay_out_constellation(cursor, sizes, [](const EncoderExpert&) {});
  return cursor.used();
}

/// How many numbers learn.
constexpr std::uint64_t parameters(const ConstellationSizes& sizes) {
  std::uint64_t out = 0;
  for_each_tensor(sizes, [&out](const TensorInfo& info, auto, auto) { out += info.rows * info.cols; });
  return out;
}

/// What C describes, in the terms of its layer.
template <DescribesConstellation C>
struct ConstellationOf {
  static_assert(C::sizes.sound(),
                "sizes of a constellation: heads divide widths, top_k is 1 to experts, dropout is "
                "in [0, 1)");
  static_assert(C::batch > 0 && C::sequence > 0 && C::clip > 0, "a Recipe's batch, sequence and clip are above 0");
  static_assert(!C::adapters.any(), "a constellation of encoders has no adapters");
  static_assert(C::precision == Precision{},
                "a constellation of encoders is in float32: leave the Recipe's precision");
  static_assert(C::Recompute::group == 0,
                "a constellation has one layer: recompute::Nothing, or recompute::Experts, which computes experts "
                "again");

  using Layer = ConstellationLayer<C::Recompute::experts>;
  static constexpr std::size_t rows = step_rows<C>;
  static constexpr std::size_t piece = most_piece_rows(rows, static_cast<std::size_t>(C::sequence));

  static constexpr backend::TrainingExtent extent(std::int32_t threads) {
    const ConstellationSizes& sizes = C::sizes;
    return {.rows = std::max(rows, sizes.experts),
            .cols = std::max({4 * sizes.hidden, 4 * sizes.experts, sizes.in, sizes.out}),
            .longest = std::max(static_cast<std::size_t>(C::sequence), sizes.experts),
            .threads = static_cast<std::size_t>(threads)};
  }

  /// Of what a worker computes.
  static constexpr backend::TrainingExtent extent_of_piece() {
    backend::TrainingExtent out = extent(1);
    out.rows = piece;
    return out;
  }
  /// Rows at work, of n.
  static constexpr std::size_t rows_at_work(std::size_t n, std::int32_t threads) {
    return std::min(n, piece) * static_cast<std::size_t>(threads);
  }
};

/// What a step writes besides gradients.
template <DescribesConstellation C>
struct ConstellationStep {
  using Layer = typename ConstellationOf<C>::Layer;

  backend::DeviceMatrix<float> x;      ///< (rows, in)
  backend::DeviceMatrix<float> y;      ///< (rows, out), then its gradient
  backend::DeviceMatrix<float> terms;  ///< (1, rows): of the loss
  typename Layer::Work work;

  /// For a step of n rows.
  static constexpr ConstellationStep lay_out(backend::Layout& cursor, std::size_t n, std::int32_t threads) {
    return {cursor.matrix<float>(n, C::sizes.in), cursor.matrix<float>(n, C::sizes.out),
            cursor.matrix<float>(1, n),
            Layer::Work::lay_out(cursor, C::sizes, n, ConstellationOf<C>::rows_at_work(n, threads), false)};
  }
  static constexpr typename Layer::Saved lay_out_saved(backend::Layout& cursor, std::size_t n,
                                                       std::int32_t threads) {
    return Layer::Saved::lay_out(cursor, C::sizes, n, ConstellationOf<C>::rows_at_work(n, threads));
  }
};

/// The bytes of optimizer and gradient norm.
template <DescribesConstellation C>
struct ConstellationOptimizer {
  Bytes states{};
  Bytes work{};
  std::size_t pieces = 0;  ///< doubles for the norm of gradients

  static constexpr ConstellationOptimizer bytes() {
    using Optimizer = OptimizerOf<C>;
    ConstellationOptimizer out;
    for_each_tensor(C::sizes, [&out](const TensorInfo& info, auto, auto) {
      out.states += Bytes{aligned(Optimizer::state_bytes(info.kind, info.rows, info.cols).count)};
      out.work = std::max(out.work, Optimizer::work_bytes(info.kind, info.rows, info.cols));
      out.pieces = std::max(out.pieces, norm_pieces(info.rows * info.cols));
    });
    out.work = Bytes{aligned(out.work.count)};
    return out;
  }

  constexpr Bytes total() const { return states + work + Bytes{aligned(pieces * sizeof(double))}; }
};

/// What the device draws for itself, and for its workers where it has more than one thread.
template <DescribesConstellation C>
constexpr Bytes constellation_scratch(std::int32_t threads) {
  using Of = ConstellationOf<C>;
  Bytes out = backend::TrainingHost::training_scratch(Of::extent(threads));
  if (threads > 1) {
    out += backend::TrainingCrew::scratch(Of::extent_of_piece(), static_cast<std::size_t>(threads));
  }
  return out;
}

/// The plan of what C describes, in `budget`, equal to what a ConstellationTrainer draws of the device's arena, to the
/// byte. A constant expression.
template <DescribesConstellation C>
constexpr Plan constellation_plan(Bytes budget, std::int32_t threads) {
  Plan out;
  out.weights = for_each_tensor(C::sizes, [](const TensorInfo&, auto, auto) {});
  out.gradients = out.weights;
  out.optimizer = ConstellationOptimizer<C>::bytes().total();
  backend::Layout saved;
  ConstellationStep<C>::lay_out_saved(saved, ConstellationOf<C>::rows, threads);
  out.activations = saved.used();
  backend::Layout step;
  ConstellationStep<C>::lay_out(step, ConstellationOf<C>::rows, threads);
  out.workspace = step.used() + constellation_scratch<C>(threads);
  out.budget = budget;
  return out;
}

/// Proves at compile time that C fits into the memory of the machine's first host device, or `limit` if that is less;
/// see train::fits. A run that does not fit does not compile. InvalidArgument where there is no host device.
template <DescribesConstellation C, Machine machine, std::int32_t threads, Bytes limit = Bytes{~std::uint64_t{0}}>
consteval bool constellation_fits() {
  constexpr Bytes budget = [] {
    for (std::size_t d = 0; d < machine.devices; ++d) {
      if (machine.is_host(d)) return std::min(machine.capacity[d], limit);
    }
    throw InvalidArgument("the machine has no host device, on which models are trained");
  }();
  constexpr Plan planned = constellation_plan<C>(budget, threads);
  return TrainingMemory<planned.weights.count, planned.masters.count, planned.gradients.count,
                        planned.optimizer.count, planned.activations.count, planned.workspace.count,
                        planned.budget.count>::fits;
}

}  // namespace asterism::train
