// The plan of a Blueprint: what every device holds, known before anything runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "asterism/attention/concept.hpp"
#include "asterism/backend/concept.hpp"
#include "asterism/cache/fwd.hpp"
#include "asterism/constellation/constellation.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/expert/feed_forward.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/caches.hpp"
#include "asterism/model/concept.hpp"
#include "asterism/model/decoder.hpp"
#include "asterism/model/decoder_block.hpp"
#include "asterism/model/formats.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/model/workspace.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/prefetch/none.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

namespace model {

/// Whether every layer of B::shape, if there is one, has a mixer among B's.
template <class B>
consteval bool mixers_cover_shape() {
  if constexpr (HasShape<B>) {
    return B::Mixers::template missing<typename B::Quantization>(B::shape).empty();
  } else {
    return true;
  }
}

/// Whether all mixers of B know of the formats of matrices.
template <class B, template <class> class... M>
consteval bool mixers_take_formats(Mixers<M...> /*mixers*/) {
  return (attention::TakesFormats<M<typename B::Quantization>> && ...);
}

/// Where a layer's experts are: all in memory, or, by model/slotted_experts.hpp, in turns in slots that a cache fills.
template <class Expert, class Cache, class Prefetch, class Device>
struct ExpertsOf {
  static_assert(
      std::is_same_v<Cache, cache::All>,
      "a Blueprint whose Cache is not cache::All: include asterism/generate/load_slotted.hpp, or for an engine "
      "without files of text asterism/model/slotted_experts.hpp");
  static_assert(std::is_same_v<Prefetch, prefetch::None>,
                "a Blueprint whose Cache is cache::All has nothing to prefetch: leave Prefetch at prefetch::None");
  using Type = constellation::ResidentExperts<Expert>;
};

/// The types that the policies of a Blueprint make.
template <class B>
struct Assembly {
  static_assert(CheckedBlueprint<B>::complete);
  static_assert(CheckedMixers<B, typename B::Mixers>::complete);
  static_assert(
      std::is_same_v<typename B::Cache, cache::All> || backend::TakesExperts<typename B::Backend>,
      "B::Cache has experts come and go, and B::Backend says nothing of how: all have to stay, cache::All");
  static_assert(!attention::Prunes<typename B::KvCache> || backend::PruningOps<typename B::Backend>,
                "B::KvCache drops positions by the attention they drew, and B::Backend does not measure that "
                "(backend::PruningOps): attention::SlidingWindowKvCache forgets without");
  static_assert(!expert::has_adapters<typename B::Adapters> || backend::AdapterOps<typename B::Backend>,
                "B has Adapters, and B::Backend does not compute them (backend::AdapterOps)");
  static_assert(
      !quant::Tagged<typename B::Quantization> || std::is_same_v<typename B::Cache, cache::All>,
      "B::Quantization is quant::OneOf several formats and B::Cache has experts take turns, in slots of one "
      "size: all have to stay, cache::All, or be in a single format");
  static_assert(!quant::Tagged<typename B::Quantization> ||
                    expert::TakesFormats<typename B::template Expert<typename B::Quantization>>,
                "B::Quantization is quant::OneOf several formats, and B::Expert is not constructed from (Shape, "
                "quant::LayerFormats), which says which matrix is in which");
  static_assert(!quant::Tagged<typename B::Quantization> || mixers_take_formats<B>(typename B::Mixers{}),
                "B::Quantization is quant::OneOf several formats, and one of B::Mixers has no footprint(Shape, "
                "quant::LayerFormats): see attention::TakesFormats");
  static_assert(HasFormats<B> || !NamesFormats<B>,
                "B has a member `formats` that is not static model::Formats formats(const Shape&)");
  static_assert(mixers_cover_shape<B>(), "B::Mixers lists no mixer for some layer of B::shape");

  using Expert = typename B::template Expert<typename B::Quantization>;
  using FeedForward = expert::FeedForward<typename B::Quantization>;
  using Experts = typename ExpertsOf<Expert, typename B::Cache, typename B::Prefetch, typename B::Backend>::Type;
  using Constellation = constellation::Constellation<Expert, typename B::Gating, FeedForward, Experts>;
  using Adapters = typename B::Adapters;
  using Block = DecoderBlock<typename B::Mixers, typename B::Quantization, Constellation, FeedForward, Adapters>;
  using Network = Decoder<Block, typename B::Embedding, typename B::Head>;
  using Workspace = model::Workspace<Block>;
  using Caches = model::Caches<typename B::KvCache, typename B::State>;
  using Segment = model::Segment<typename B::KvCache, typename B::State, typename B::Observer,
                                 typename B::ScoreHook, Adapters>;
};

/// Throws Unsupported where B has no mixer for a layer of `shape`, or its backend cannot run one: in a constant
/// expression, a compiler shows the call.
template <class B>
constexpr void check_mixers(const Shape& shape) {
  using Q = typename B::Quantization;
  if (const LayerSet missing = B::Mixers::template missing<Q>(shape); !missing.empty()) {
    const bool linear = !(missing & shape.linear_layers).empty();
    throw Unsupported(concat("layers ", to_string(missing), " of the model have ",
                             linear ? "linear attention (GatedDeltaNet)" : "attention (GroupedQuery)",
                             "; the Blueprint's Mixers are ", B::Mixers::template names<Q>(), ": add it there"));
  }
  B::Mixers::template for_each<Q>(shape, [&]<class M>(const LayerSet& layers) {
    const LayerSet strange = layers - layers_of_kind(shape, M::is_recurrent);
    if (strange.empty()) return;
    throw Unsupported(concat("the mixer ", M::name, " wants layers ", to_string(strange), ", which have ",
                             M::is_recurrent ? "attention" : "linear attention", ": its layers(shape) may not"));
  });
  if constexpr (!backend::RecurrentOps<typename B::Backend>) {
    if (!shape.linear_layers.empty()) {
      throw Unsupported(
          concat("layers ", to_string(shape.linear_layers),
                 " of the model have linear attention, which the Blueprint's Backend does not compute"));
    }
  }
}

/// Throws Unsupported where B's key/value cache drops positions and the model attends to the last ones alone.
template <class B>
constexpr void check_kv_cache(const Shape& shape) {
  if (!attention::Prunes<typename B::KvCache> || shape.sliding_window == 0) return;
  throw Unsupported(concat("the model has a sliding window of ", shape.sliding_window,
                           " positions, and the Blueprint's KvCache drops positions by the attention they drew: "
                           "its KvCache may be attention::StaticKvCache or attention::SlidingWindowKvCache"));
}

/// Throws Unsupported where the experts of B have not the matrices of the model's.
template <class B>
constexpr void check_expert(const Shape& shape) {
  using Expert = typename B::template Expert<typename B::Quantization>;
  if (shape.sparse_layers().empty()) return;
  const bool gated = has_role(shape.architecture, Role::gate);
  if (gated == expert::Gated<Expert>) return;
  throw Unsupported(
      concat("the experts of model_type ", info_of(shape.architecture).model_type,
             gated ? " are gated, those of the Blueprint are not: its Expert may be expert::SwiGlu"
                   : " have two matrices, those of the Blueprint a gate besides: its Expert may be expert::Relu"));
}

/// Throws Unsupported where the gating of B heeds a bias and the model has none, or the other way round.
template <class B>
constexpr void check_gating(const Shape& shape) {
  if (shape.sparse_layers().empty()) return;
  const bool biased = has_role(shape.architecture, Role::router_bias);
  if (biased == gating::Biased<typename B::Gating>) return;
  throw Unsupported(concat("the routers of model_type ", info_of(shape.architecture).model_type,
                           biased ? " have a bias, which the Blueprint's Gating does not heed: it may be "
                                    "gating::SigmoidTopK"
                                  : " have no bias, which the Blueprint's Gating wants: it may be "
                                    "gating::SoftmaxTopK, or gating::Switch where it chooses one expert"));
}

/// Throws InvalidArgument, naming the field, where a shape contradicts itself or its architecture has no weights for
/// what it asks for.
constexpr void check_sound(const Shape& shape) {
  const auto has = [&](Role role) { return has_role(shape.architecture, role); };
  const auto demand = [&](bool met, const char* what) {
    if (!met)
      throw InvalidArgument(concat("Shape of architecture ", info_of(shape.architecture).model_type, ": ", what));
  };
  const bool is_sparse = !shape.sparse_layers().empty();
  const bool is_linear = !shape.linear_layers.empty();
  const DeltaNetSizes& delta = shape.delta_net;
  demand((shape.dense_layers - LayerSet::range(0, shape.layers)).empty(), "dense_layers are beyond its layers");
  demand((shape.linear_layers - LayerSet::range(0, shape.layers)).empty(), "linear_layers are beyond its layers");
  demand(!is_sparse || (shape.experts > 0 && shape.top_k > 0 && shape.top_k <= shape.experts && shape.ffn > 0),
         "layers that are not dense need ffn, experts and a top_k of these");
  demand(shape.dense_layers.empty() || shape.dense_ffn > 0, "dense layers need a dense_ffn");
  demand(!is_linear || (delta.key_heads > 0 && delta.value_heads > 0 && delta.value_heads % delta.key_heads == 0 &&
                        delta.key_width > 0 && delta.value_width > 0 && delta.kernel > 1),
         "layers with linear attention need the sizes of delta_net, value heads in multiples of key heads");
  demand(!is_sparse || has(Role::down), "it has no experts: dense_layers has to name all layers");
  demand(shape.dense_layers.empty() || has(Role::dense_gate), "it has no dense_layers");
  demand(!is_linear || has(Role::linear_qkv), "it has no linear_layers");
  demand(!is_sparse || has(Role::shared_gate) == (shape.shared_ffn > 0),
         "shared_ffn has to be set where it has shared experts, and only there");
  demand(!shape.attention_bias || has(Role::query_bias), "it has no attention_bias");
  demand(shape.qk_norm == has(Role::query_norm),
         "qk_norm has to be set where it has norms of queries and keys, and only there");
}

/// Throws Unsupported where the adapters of B stand beside what the model has not.
template <class B>
constexpr void check_adapters(const Shape& shape) {
  using Adapters = typename B::Adapters;
  using Expert = typename B::template Expert<typename B::Quantization>;
  if (Adapters::targets.attention() && shape.attention_layers().empty())
    throw Unsupported("the Blueprint's Adapters stand beside attention, which the model has in no layer");
  if (!Adapters::targets.experts) return;
  if (shape.sparse_layers().empty())
    throw Unsupported("the Blueprint's Adapters stand beside experts, of which the model has none");
  if (!expert::Gated<Expert>)
    throw Unsupported("the Blueprint's Adapters stand beside experts, and the model's have no gate");
}

/// Throws InvalidArgument, naming matrix and layers, where a tag is beyond the list that B has for it.
template <class B>
constexpr void check_formats(const Shape& shape, const Formats& formats) {
  const auto check = [&]<class Q>(quant::Tag tag, std::string_view matrix, const LayerSet& layers) {
    if constexpr (quant::Tagged<Q>) {
      if (tag < Q::count) return;
      throw InvalidArgument(concat("model::Formats: ", matrix,
                                   layers.empty() ? "" : concat(" of layers ", to_string(layers)), " has tag ",
                                   int{tag}, ", beyond the ", Q::count, " formats of ", Q::name(),
                                   ": take tags from its tag_of<Format>()"));
    }
  };
  check.template operator()<typename B::Embedding>(formats.embedding, "the embedding", {});
  check.template operator()<typename B::Head>(formats.head, "the head", {});
  for_each_tag(shape, formats, [&](const WeightInfo& info, const LayerSet& layers, quant::Tag tag) {
    check.template operator()<typename B::Quantization>(tag, info.name, layers);
  });
}

/// The bits of the layers' codes; where they are in several formats, those of the smallest. 0: plain numbers.
template <class Q>
constexpr int least_code_bits(const Shape& shape, const Formats& formats) {
  if constexpr (quant::Tagged<Q>) {
    int least = 0;
    for_each_tag(shape, formats, [&](const WeightInfo& /*info*/, const LayerSet& /*layers*/, quant::Tag tag) {
      const int bits = Q::code_bits(tag);
      if (bits > 0 && (least == 0 || bits < least)) least = bits;
    });
    return least;
  } else {
    return Q::code_bits;
  }
}

/// The memory model: every byte that a model of `shape` under `limits` takes with the policies of B, weights with
/// their scales, caches and workspace. The compile-time plan, the loader and the report all use this function.
/// `formats`: of matrices that are in quant::OneOf several.
template <class B>
constexpr placement::MemoryFootprint memory_footprint(const Shape& shape, const Limits& limits,
                                                      const Formats& formats) {
  using Types = Assembly<B>;
  using placement::PartKind;
  const auto vocabulary = static_cast<std::uint64_t>(shape.vocabulary);
  const auto hidden = static_cast<std::uint64_t>(shape.hidden);
  placement::MemoryFootprint out;
  out.layers = shape.layers;
  check_sound(shape);
  check_mixers<B>(shape);
  check_kv_cache<B>(shape);
  check_expert<B>(shape);
  check_gating<B>(shape);
  check_adapters<B>(shape);
  if constexpr (is_mixed<B>) check_formats<B>(shape, formats);
  B::Mixers::template for_each<typename B::Quantization>(shape, [&]<class M>(const LayerSet& layers) {
    if (layers.empty()) return;
    formats.for_each_kind(shape.layers, [&](const LayerSet& alike, const quant::LayerFormats& of_each) {
      const LayerSet mixed = layers & alike;
      if (mixed.empty()) return;  // widths that these formats may refuse
      out.add(M::is_recurrent ? PartKind::linear_attention : PartKind::attention, 1,
              mixer_footprint<M>(shape, of_each), mixed);
    });
  });
  out.add(PartKind::norms, 1, Types::Block::norm_bytes(shape));
  out.add(PartKind::router, 1, Types::Constellation::router_bytes(shape), shape.sparse_layers());
  using FeedForward = typename Types::FeedForward;
  formats.for_each_kind(shape.layers, [&](const LayerSet& alike, const quant::LayerFormats& of_each) {
    const LayerSet sparse = shape.sparse_layers() & alike;
    if (!sparse.empty()) {
      if constexpr (Types::Constellation::holds_experts) {
        const Bytes expert = expert::expert_of<typename Types::Expert>(shape, of_each).footprint();
        out.add(PartKind::experts, shape.experts, expert, sparse);
      }
      if (shape.shared_ffn > 0) {
        const quant::FeedForwardFormats shared{of_each.shared_gate, of_each.shared_up, of_each.shared_down};
        out.add(PartKind::shared_expert, 1, FeedForward::footprint(shape.hidden, shape.shared_ffn, shared),
                sparse);
      }
    }
    const LayerSet dense_layers = shape.dense_layers & alike;
    if (dense_layers.empty()) return;
    const quant::FeedForwardFormats dense{of_each.dense_gate, of_each.dense_up, of_each.dense_down};
    out.add(PartKind::feed_forward, 1, FeedForward::footprint(shape.hidden, shape.dense_ffn, dense), dense_layers);
  });
  if constexpr (Types::Constellation::holds_experts) {
    out.experts_per_token = shape.top_k;
  } else {
    out.slotted = Types::Experts::footprint(shape, typename Types::Expert(shape).footprint());
    out.slotted.from_memory = !backend::InHostMemory<typename B::Backend>;
  }
  out.add(PartKind::kv_cache, limits.batch, B::KvCache::layer_bytes(shape, limits), shape.attention_layers());
  out.add(PartKind::state, limits.batch, B::State::layer_bytes(shape), shape.linear_layers);
  using Adapters = typename B::Adapters;
  out.add(PartKind::adapters, Adapters::slots, Adapters::attention_bytes(shape),
          Adapters::targets.attention() ? shape.attention_layers() : LayerSet{});
  out.add(PartKind::adapters, Adapters::slots, Adapters::expert_bytes(shape),
          Adapters::targets.experts ? shape.sparse_layers() : LayerSet{});
  out.embedding = quant::planes_of<typename B::Embedding>(formats.embedding, vocabulary, hidden).bytes();
  out.final_norm = {aligned(hidden * sizeof(float))};
  out.head = quant::planes_of<typename B::Head>(formats.head, vocabulary, hidden).bytes();
  out.tied = shape.tied_head && std::is_same_v<typename B::Embedding, typename B::Head> &&
             (!quant::Tagged<typename B::Head> || formats.embedding == formats.head);
  const LargestProduct largest = LargestProduct::of_layers<typename Types::Expert>(shape, limits);
  const LargestProduct head = LargestProduct::of_head(shape, limits);
  out.layer_workspace = LayerWorkspace<typename Types::Block>::bytes(shape, limits) +
                        B::Backend::scratch(largest.rows, largest.cols);
  out.head_workspace = HeadWorkspace::bytes(shape, limits) + B::Backend::scratch(head.rows, head.cols);
  out.code_bits = least_code_bits<typename B::Quantization>(shape, formats);
  out.cache_percent = limits.cache_percent;
  return out;
}

/// The same where B alone decides on the formats, see formats_of.
template <class B>
constexpr placement::MemoryFootprint memory_footprint(const Shape& shape, const Limits& limits) {
  return memory_footprint<B>(shape, limits, formats_of<B>(shape));
}

}  // namespace model

/// The plan of B for a model of `shape` on `machine`, whose capacities are the budgets. Ask `fits()` before
/// relying on it. A constant expression where its arguments are.
template <DerivesFromBlueprint B>
constexpr placement::Plan plan(const Machine& machine, const Shape& shape, const Limits& limits = B::limits) {
  return B::Placement::plan(model::memory_footprint<B>(shape, limits), machine);
}

/// The same for weights in quant::OneOf several formats, which `formats` tells of each matrix.
template <DerivesFromBlueprint B>
constexpr placement::Plan plan(const Machine& machine, const Shape& shape, const Limits& limits,
                               const model::Formats& formats) {
  return B::Placement::plan(model::memory_footprint<B>(shape, limits, formats), machine);
}

/// Refuses what is no Blueprint by name: of a call that no function takes nvcc does not say why.
template <class B>
  requires(!DerivesFromBlueprint<B>)
constexpr placement::Plan plan(const Machine& /*machine*/, const Shape& /*shape*/, const Limits& /*limits*/ = {}) {
  static_assert(DerivesFromBlueprint<B>, "B is no Blueprint: struct B : asterism::Blueprint { ... }");
  return {};
}

/// The same for a Blueprint that fixes its shape.
template <HasShape B>
constexpr placement::Plan plan(const Machine& machine) {
  return plan<B>(machine, B::shape);
}

/// The longest context, up to limits.context, with which the plan fits, prompts passing in chunks no longer than it; 0
/// where none does: the size of the key/value cache from what the budgets leave. Experts that take turns keep slots for
/// those of a token, if a context of one leaves them. A constant expression where its arguments are.
template <class B>
constexpr std::int32_t largest_context(const Machine& machine, const Shape& shape, const Limits& limits,
                                       const model::Formats& formats) {
  for (const bool keeps_experts : {true, false}) {
    std::int32_t fitting = 0;
    std::int32_t beyond = limits.context + 1;
    while (beyond - fitting > 1) {
      Limits tried = limits;
      tried.context = fitting + (beyond - fitting) / 2;
      tried.prefill_chunk = limits.prefill_chunk < tried.context ? limits.prefill_chunk : tried.context;
      const placement::Plan planned = plan<B>(machine, shape, tried, formats);
      const bool enough = planned.fits() && (!keeps_experts || planned.keeps_experts());
      (enough ? fitting : beyond) = tried.context;
    }
    if (fitting > 0 || model::Assembly<B>::Constellation::holds_experts) return fitting;
  }
  return 0;
}

/// The same where B alone decides on the formats, see model::formats_of.
template <class B>
constexpr std::int32_t largest_context(const Machine& machine, const Shape& shape,
                                       const Limits& limits = B::limits) {
  return largest_context<B>(machine, shape, limits, model::formats_of<B>(shape));
}

/// Refuses to compile where a device needs more than it may hold; the arguments show the device, the bytes that it
/// needs and the bytes allowed, on every compiler.
template <std::size_t Device, std::uint64_t NeededBytes, std::uint64_t AllowedBytes>
struct DevicePeak {
  static_assert(NeededBytes <= AllowedBytes,
                "the plan needs more than a device may hold: see DevicePeak<device, bytes needed, bytes allowed>");
  static constexpr bool fits = true;
};

/// The same for the slots that experts take turns in.
template <std::size_t Device, std::int32_t Slots, std::int32_t LeastSlots>
struct DeviceSlots {
  static_assert(
      Slots >= LeastSlots,
      "what the plan leaves of a device has too few slots for experts: see DeviceSlots<device, slots, slots "
      "needed>");
  static constexpr bool fits = true;
};

/// The same for the experts on a disk.
template <std::uint64_t NeededBytes, std::uint64_t DiskBytes>
struct DiskRoom {
  static_assert(NeededBytes <= DiskBytes,
                "experts that find no room in host memory need more than the disk has, or may not wait there: see "
                "DiskRoom<bytes needed, bytes of disk>");
  static constexpr bool fits = true;
};

/// The same for the keys, values and states of sequences, of which Limits::cache_percent allows a share.
template <std::size_t Device, std::uint64_t CacheBytes, std::uint64_t AllowedBytes>
struct DeviceCache {
  static_assert(
      CacheBytes <= AllowedBytes,
      "caches need more than Limits::cache_percent of a device: see DeviceCache<device, bytes needed, bytes "
      "allowed>; lower Limits::context or batch");
  static constexpr bool fits = true;
};

namespace model {

/// The peaks of B's plan, each held against its budget, and its caches against their share.
template <class B, Machine machine, class Devices>
struct Peaks;

template <class B, Machine machine, std::size_t... Device>
struct Peaks<B, machine, std::index_sequence<Device...>> {
  static constexpr placement::Plan planned = plan<B>(machine);
  static constexpr bool from_memory = planned.footprint.slotted.from_memory;
  static constexpr std::uint64_t on_disk = from_memory || machine.disk > Bytes{0} ? planned.homes_on_disk().count
                                                                                  : 0;
  static constexpr std::uint64_t disk = from_memory ? 0 : machine.disk.count;
  static_assert(DiskRoom<on_disk, disk>::fits);
  static constexpr bool fit[sizeof...(Device)] = {
      (DevicePeak<Device, planned.peak(Device).count, planned.budget(Device).count>::fits &&
       DeviceSlots<Device, planned.expert_slots(Device), planned.least_expert_slots(Device)>::fits &&
       DeviceCache<Device, planned.cache_bytes(Device).count, planned.cache_budget(Device).count>::fits)...};
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
