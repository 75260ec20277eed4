// The memory of a training run, known before it starts.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/training_extent.hpp"
#include "asterism/backend/training_host.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/clip.hpp"
#include "asterism/train/experts.hpp"
#include "asterism/train/loss_scale.hpp"
#include "asterism/train/memory.hpp"
#include "asterism/train/parameter.hpp"
#include "asterism/train/precision.hpp"
#include "asterism/train/recipe.hpp"

namespace asterism::train {

/// What a run holds on its device, from its first step on. Equal to what it draws of the device's arena, to the byte.
struct Plan {
  Bytes weights{};  ///< that the model computes with
  Bytes masters{};  ///< in float32, of weights in BFloat16
  Bytes gradients{};
  Bytes optimizer{};    ///< states, and the scratch memory of an update
  Bytes activations{};  ///< kept on the way forward
  Bytes workspace{};    ///< shared by all layers, with the loss and scratch memory
  Bytes budget{};

  constexpr Bytes total() const { return weights + masters + gradients + optimizer + activations + workspace; }
  constexpr bool fits() const { return total() <= budget; }

  friend constexpr bool operator==(const Plan&, const Plan&) = default;
};

/// A format whose weights can be trained: in place, or beside masters.
template <class Format>
concept TrainableFormat = std::same_as<Format, quant::Float32> || std::same_as<Format, quant::BFloat16>;

/// The weights of B all have such formats.
template <class B>
concept Trainable = TrainableFormat<typename B::Quantization> && TrainableFormat<typename B::Embedding> &&
    TrainableFormat<typename B::Head>;

/// All weights of B are in Float32.
template <class B>
concept InFloat32 = std::same_as<typename B::Quantization, quant::Float32> &&
    std::same_as<typename B::Embedding, quant::Float32> && std::same_as<typename B::Head, quant::Float32>;

namespace detail {

template <class B, Storage Gradients>
struct GradientBlueprint : B {
  using Quantization = quant::FormatOf<Gradients>;
  using Embedding = Quantization;
  using Head = Quantization;
};
template <InFloat32 B>
struct GradientBlueprint<B, Storage::float32> : B {};

}  // namespace detail

/// The policies of the network in the place of gradients of B's weights, as recipe R stores them.
template <class B, class R>
using GradientsOf = detail::GradientBlueprint<B, R::precision.gradients>;

/// Throws Unsupported where a layer of `shape` is of a kind that does not learn.
constexpr void check_learns(const Shape& shape) {
  if (!shape.linear_layers.empty()) throw Unsupported("linear attention (GatedDeltaNet) has no gradient yet");
  if (shape.shared_ffn > 0) throw Unsupported("shared experts have no gradient yet");
  if (shape.attention_gate) throw Unsupported("attention with a gate has no gradient yet");
}

/// What a weight is for optimizers.
constexpr Kind kind_of(const model::WeightInfo& info) {
  using placement::PartKind;
  if (info.role == model::Role::router_bias) return Kind::bias;
  if (info.is_vector()) return Kind::vector;
  switch (info.part) {
    case PartKind::embedding:
      return Kind::embedding;
    case PartKind::head:
      return Kind::head;
    case PartKind::attention:
      return Kind::attention;
    case PartKind::router:
      return Kind::router;
    case PartKind::feed_forward:
      return Kind::feed_forward;
    default:
      return Kind::expert;
  }
}

/// One of the two matrices of an adapter, or none.
enum class Half : std::uint8_t { none, a, b };

/// Calls f(id, half, kind, rows, cols) for every tensor that learns: by default those of the model, in the order of
/// model::for_each_weight_id, a tied head being the embedding; with adapters those of their matrices, then routers.
template <class F>
constexpr void for_each_tensor(const Shape& shape, const Adapters& adapters, F&& f) {
  if (adapters.any()) {
    for_each_adapter(shape, adapters, [&](const AdapterPlace& at) {
      const auto rank = static_cast<std::size_t>(at.rank);
      f(at.weight, Half::a, Kind::adapter, rank, static_cast<std::size_t>(at.cols));
      f(at.weight, Half::b, Kind::adapter, static_cast<std::size_t>(at.rows), rank);
    });
    for_each_router(shape, adapters, [&](const model::WeightId& id, std::uint64_t rows, std::uint64_t cols) {
      f(id, Half::none, Kind::router, static_cast<std::size_t>(rows), static_cast<std::size_t>(cols));
    });
    return;
  }
  model::for_each_weight_id(shape, !shape.tied_head, [&](const model::WeightId& id) {
    const model::WeightInfo& info = model::info_of(shape.architecture, id.role);
    f(id, Half::none, kind_of(info), static_cast<std::size_t>(model::size_of(info.rows, shape)),
      static_cast<std::size_t>(model::size_of(info.cols, shape)));
  });
}

/// Bytes of an optimizer's state of a tensor.
template <class Optimizer>
constexpr Bytes state_bytes(Kind kind, std::size_t rows, std::size_t cols) {
  return kind == Kind::bias ? Bytes{} : Optimizer::state_bytes(kind, rows, cols);
}

/// The bytes of optimizer R::optimizer for a model: states first, then the largest scratch memory.
template <class R>
struct OptimizerBytes {
  Bytes states{};
  Bytes work{};
  std::size_t pieces = 0;  ///< doubles for the norm of gradients

  static constexpr OptimizerBytes of(const Shape& shape) {
    using Optimizer = OptimizerOf<R>;
    OptimizerBytes out;
    for_each_tensor(shape, R::adapters,
                    [&](const model::WeightId&, Half, Kind kind, std::size_t rows, std::size_t cols) {
                      if (kind == Kind::bias) return;
                      out.states += Bytes{aligned(state_bytes<Optimizer>(kind, rows, cols).count)};
                      const Bytes scratch = Optimizer::work_bytes(kind, rows, cols);
                      if (scratch > out.work) out.work = scratch;
                      if (const std::size_t some = norm_pieces(rows * cols); some > out.pieces) out.pieces = some;
                    });
    out.work = Bytes{aligned(out.work.count)};
    return out;
  }

  constexpr Bytes total() const { return states + work + Bytes{aligned(pieces * sizeof(double))}; }
};

/// Whether a weight of B has a master.
template <class B>
constexpr bool has_master(Kind kind) {
  if (kind == Kind::embedding) return !std::same_as<typename B::Embedding, quant::Float32>;
  if (kind == Kind::head) return !std::same_as<typename B::Head, quant::Float32>;
  const bool is_matrix = kind == Kind::attention || kind == Kind::feed_forward || kind == Kind::expert;
  return is_matrix && !std::same_as<typename B::Quantization, quant::Float32>;
}

/// Of a tensor that has one.
constexpr Bytes master_bytes(std::size_t rows, std::size_t cols) {
  return Bytes{aligned(checked_product(checked_product(rows, cols), sizeof(float)))};
}

/// All masters of B.
template <class B, class R>
constexpr Bytes masters_of(const Shape& shape) {
  Bytes out;
  for_each_tensor(shape, R::adapters,
                  [&](const model::WeightId&, Half, Kind kind, std::size_t rows, std::size_t cols) {
                    if (has_master<B>(kind)) out += master_bytes(rows, cols);
                  });
  return out;
}

/// How the experts of B are computed while R is at work.
template <class B, class R>
using ExpertsOf = std::conditional_t<R::adapters.any(),
                                     AdaptedExperts<typename model::Assembly<B>::Constellation,
                                                    typename model::Assembly<GradientsOf<B, R>>::Constellation>,
                                     LearningExperts<typename model::Assembly<B>::Constellation,
                                                     typename model::Assembly<GradientsOf<B, R>>::Constellation>>;

/// Floats of a piece of weights or of a narrow gradient that is in float32 at a time.
inline constexpr std::size_t unpacked_floats = std::size_t{1} << 20U;

/// The largest sizes of a step.
template <class B, class R>
constexpr backend::TrainingExtent extent_of(const Shape& shape, std::int32_t threads) {
  std::int32_t widest = shape.hidden;
  for (const std::int32_t width : {shape.query_width(), shape.experts}) widest = width > widest ? width : widest;
  const std::size_t unpacked = unpacked_floats > step_rows<R> ? unpacked_floats : step_rows<R>;
  return {.rows = step_rows<R>,
          .cols = static_cast<std::size_t>(widest),
          .longest = static_cast<std::size_t>(R::sequence),
          .threads = static_cast<std::size_t>(threads),
          .unpacked = InFloat32<B> && R::precision.gradients == Storage::float32 ? 0 : unpacked};
}

/// All layers on one device, whose budget the plan of the run decides about.
template <class B>
constexpr placement::Plan place_on_one(const Shape& shape, const Limits& limits) {
  Machine machine;
  machine.add(Bytes{std::uint64_t{1} << 62}, DeviceKind::host);
  return asterism::plan<B>(machine, shape, limits);
}

/// Rotary tables of all positions.
constexpr Bytes positions_bytes(const Shape& shape, std::int32_t sequence) {
  backend::Layout cursor;
  cursor.matrix<float>(static_cast<std::size_t>(sequence), static_cast<std::size_t>(shape.rotary_width()));
  return cursor.used();
}

/// The plan of recipe R for a model of `shape` with the policies of B, in `budget`. A constant expression where its
/// arguments are. Throws Unsupported where a layer does not learn. Ask `fits()` before relying on it.
template <DerivesFromBlueprint B, DerivesFromRecipe R>
constexpr Plan plan(Bytes budget, const Shape& shape, const Limits& limits = B::limits) {
  static_assert(Trainable<B> || R::adapters.any(),
                "training needs weights in quant::Float32 or quant::BFloat16: the Blueprint's Quantization, "
                "Embedding and Head; "
                "others are frozen, and the recipe has no adapters beside them");
  static_assert(
      R::batch > 0 && R::sequence > 0 && R::clip > 0 && R::adapters.attention >= 0 && R::adapters.experts >= 0,
      "a Recipe's batch, sequence and clip are above 0, its ranks 0 or more");
  static_assert(!R::adapters.any() || R::precision.gradients == Storage::float32,
                "gradients of adapters are float32: Precision::gradients says how those of weights are stored");
  static_assert(R::precision.scale >= 1 && R::precision.scale <= LossScale::most && R::precision.good_steps > 0 &&
                    std::bit_cast<std::uint32_t>(R::precision.scale) % (std::uint32_t{1} << 23U) == 0,
                "the scale of a loss is a power of two from 1 on, and grows after one step or more");
  check_learns(shape);
  check_adapters(shape, R::adapters);
  using Experts = ExpertsOf<B, R>;
  Plan out;
  out.weights = place_on_one<B>(shape, limits).weight_bytes(0);
  out.masters = masters_of<B, R>(shape);
  if (R::adapters.any()) {
    out.gradients = AdapterSet::bytes(shape, R::adapters);
    out.weights += AdapterSet::bytes(shape, R::adapters.without_router());
  } else {
    out.gradients = place_on_one<GradientsOf<B, R>>(shape, limits).weight_bytes(0);
  }
  out.optimizer = OptimizerBytes<R>::of(shape).total();
  out.activations = Kept<Experts, typename R::Recompute>::bytes(shape, step_rows<R>, R::precision.saved);
  out.workspace = StepWork<Experts>::bytes(shape, step_rows<R>, R::adapters) +
                  backend::TrainingHost::training_scratch(extent_of<B, R>(shape, limits.threads)) +
                  positions_bytes(shape, R::sequence);
  out.budget = budget;
  return out;
}

/// The same for a Blueprint that fixes its shape, in the memory of the machine's first host device. InvalidArgument
/// where it has none.
template <HasShape B, DerivesFromRecipe R>
constexpr Plan plan(const Machine& machine) {
  for (std::size_t d = 0; d < machine.devices; ++d) {
    if (machine.is_host(d)) return plan<B, R>(machine.capacity[d], B::shape);
  }
  throw InvalidArgument("the machine has no host device, on which models are trained");
}

/// Refuses to compile where a run needs more than the device may hold; the arguments show the bytes of each part and
/// those allowed, on every compiler.
template <std::uint64_t Weights, std::uint64_t Masters, std::uint64_t Gradients, std::uint64_t Optimizer,
          std::uint64_t Activations, std::uint64_t Workspace, std::uint64_t Allowed>
struct TrainingMemory {
  static_assert(Weights + Masters + Gradients + Optimizer + Activations + Workspace <= Allowed,
                "training needs more than the device may hold: see TrainingMemory<weights, masters, gradients, "
                "optimizer, activations, workspace, bytes allowed>");
  static constexpr bool fits = true;
};

/// Proves at compile time that training B by R on `machine` stays within `limit` and the capacity of its host:
///
///     static_assert(train::fits<Small, Quick, machine, 8_GiB>());
///
/// A run that does not fit does not compile. It is proved for B::limits.threads: more threads take more scratch memory.
template <HasShape B, DerivesFromRecipe R, Machine machine, Bytes limit = Bytes{~std::uint64_t{0}}>
consteval bool fits() {
  constexpr Plan planned = plan<B, R>(machine.limited_to(limit));
  return TrainingMemory<planned.weights.count, planned.masters.count, planned.gradients.count,
                        planned.optimizer.count, planned.activations.count, planned.workspace.count,
                        planned.budget.count>::fits;
}

}  // namespace asterism::train
