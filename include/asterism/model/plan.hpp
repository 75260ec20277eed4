// The plan of a Blueprint: what every device holds, known before anything runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "asterism/attention/grouped_query.hpp"
#include "asterism/constellation/constellation.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/caches.hpp"
#include "asterism/model/concept.hpp"
#include "asterism/model/decoder.hpp"
#include "asterism/model/decoder_block.hpp"
#include "asterism/model/workspace.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

namespace model {

/// The types that the policies of a Blueprint make.
template <class B>
struct Assembly {
  static_assert(CheckedBlueprint<B>::complete);

  using Expert = typename B::template Expert<typename B::Quantization>;
  using Attention = attention::GroupedQuery<typename B::Quantization>;
  using Constellation = constellation::Constellation<Expert, typename B::Gating>;
  using Block = DecoderBlock<Attention, Constellation>;
  using Network = Decoder<Block, typename B::Embedding, typename B::Head>;
  using Workspace = model::Workspace<Block>;
  using Caches = model::Caches<typename B::KvCache>;
  using Segment = model::Segment<typename B::KvCache, typename B::Observer>;
};

/// The memory model: every byte that a model of `shape` under `limits` takes with the policies of B, weights with
/// their scales, caches and workspace. The compile-time plan, the loader and the report all use this function.
template <class B>
constexpr placement::MemoryFootprint memory_footprint(const Shape& shape, const Limits& limits) {
  using Types = Assembly<B>;
  using placement::PartKind;
  const auto vocabulary = static_cast<std::uint64_t>(shape.vocabulary);
  const auto hidden = static_cast<std::uint64_t>(shape.hidden);
  placement::MemoryFootprint out;
  out.layers = shape.layers;
  out.add(PartKind::attention, 1, Types::Attention::footprint(shape));
  out.add(PartKind::norms, 1, Types::Block::norm_bytes(shape));
  out.add(PartKind::router, 1, Types::Constellation::router_bytes(shape));
  out.add(PartKind::experts, shape.experts, typename Types::Expert(shape).footprint());
  out.add(PartKind::kv_cache, limits.batch, B::KvCache::layer_bytes(shape, limits));
  out.embedding = B::Embedding::planes(vocabulary, hidden).bytes();
  out.final_norm = {aligned(hidden * sizeof(float))};
  out.head = B::Head::planes(vocabulary, hidden).bytes();
  out.tied = shape.tied_head && std::is_same_v<typename B::Embedding, typename B::Head>;
  const LargestProduct largest = LargestProduct::of_layers<typename Types::Expert>(shape, limits);
  const LargestProduct head = LargestProduct::of_head(shape, limits);
  out.layer_workspace = LayerWorkspace<typename Types::Block>::bytes(shape, limits) +
                        B::Backend::scratch(largest.rows, largest.cols);
  out.head_workspace = HeadWorkspace::bytes(shape, limits) + B::Backend::scratch(head.rows, head.cols);
  out.code_bits = B::Quantization::code_bits;
  return out;
}

}  // namespace model

/// The plan of B for a model of `shape` on `machine`, whose capacities are the budgets. Ask `fits()` before
/// relying on it. A constant expression where its arguments are.
template <DerivesFromBlueprint B>
constexpr placement::Plan plan(const Machine& machine, const Shape& shape, const Limits& limits = B::limits) {
  return B::Placement::plan(model::memory_footprint<B>(shape, limits), machine);
}

/// The same for a Blueprint that fixes its shape.
template <HasShape B>
constexpr placement::Plan plan(const Machine& machine) {
  return plan<B>(machine, B::shape);
}

/// The longest context, up to limits.context, with which the plan fits, prompts passing in chunks no longer than it; 0
/// where none does: the size of the key/value cache from what the budgets leave. A constant expression where its
/// arguments are.
template <class B>
constexpr std::int32_t largest_context(const Machine& machine, const Shape& shape,
                                       const Limits& limits = B::limits) {
  std::int32_t fitting = 0;
  std::int32_t beyond = limits.context + 1;
  while (beyond - fitting > 1) {
    Limits tried = limits;
    tried.context = fitting + (beyond - fitting) / 2;
    tried.prefill_chunk = limits.prefill_chunk < tried.context ? limits.prefill_chunk : tried.context;
    (plan<B>(machine, shape, tried).fits() ? fitting : beyond) = tried.context;
  }
  return fitting;
}

/// Refuses to compile where a device needs more than it may hold; the arguments show the device, the bytes that it
/// needs and the bytes allowed, on every compiler.
template <std::size_t Device, std::uint64_t NeededBytes, std::uint64_t AllowedBytes>
struct DevicePeak {
  static_assert(NeededBytes <= AllowedBytes,
                "the plan needs more than a device may hold: see DevicePeak<device, bytes needed, bytes allowed>");
  static constexpr bool fits = true;
};

namespace model {

/// The peaks of B's plan, each held against its budget.
template <class B, Machine machine, class Devices>
struct Peaks;

template <class B, Machine machine, std::size_t... Device>
struct Peaks<B, machine, std::index_sequence<Device...>> {
  static constexpr placement::Plan planned = plan<B>(machine);
  static constexpr bool fit[sizeof...(Device)] = {
      DevicePeak<Device, planned.peak(Device).count, planned.budget(Device).count>::fits...};
};

}  // namespace model

/// Proves at compile time that B's plan on `machine` stays within `limit` (and the capacity) on every device:
///
///     static_assert(fits<MixtralDual16, machines::dual_16gb, 14_GiB>());
///
/// A plan that does not fit does not compile.
template <HasShape B, Machine machine, Bytes limit = Bytes{~std::uint64_t{0}}>
consteval bool fits() {
  return model::Peaks<B, machine.limited_to(limit), std::make_index_sequence<machine.devices>>::fit[0];
}

}  // namespace asterism
