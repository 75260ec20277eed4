// One experiment variant is one struct.
#pragma once

#include <concepts>
#include <type_traits>

#include "asterism/attention/gated_delta_net.hpp"
#include "asterism/attention/grouped_query.hpp"
#include "asterism/attention/recurrent_state.hpp"
#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/cache/fwd.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/expert/adapters.hpp"
#include "asterism/expert/swiglu.hpp"
#include "asterism/gating/softmax_top_k.hpp"
#include "asterism/model/mixers.hpp"
#include "asterism/observe/none.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/placement/accelerators_first.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/prefetch/none.hpp"
#include "asterism/quant/bfloat16.hpp"
#include "asterism/quant/float16.hpp"
#include "asterism/quant/nf4.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism {

/// The default policies. A variant derives and hides what differs; aliases that depend on another alias are
/// templates, so that they follow the derived struct. A variant with `static constexpr Shape shape` can be planned
/// at compile time and loads only that shape; one without takes the shape of the checkpoint.
///
///     struct Wide : Blueprint { using Quantization = quant::BFloat16; };
struct Blueprint {
  static constexpr Limits limits{};

  /// Format of experts and attention.
  using Quantization = quant::Nf4<64, quant::DoubleQuantized>;
  /// Formats of the first and the last matrix.
  using Embedding = quant::BFloat16;
  using Head = quant::BFloat16;

  using Placement = placement::AcceleratorsFirst<placement::Balanced>;
  using KvCache = attention::StaticKvCache<quant::Float16>;
  /// What may mix the tokens of a sequence in a layer; the model says which layers have what.
  using Mixers = model::Mixers<attention::GroupedQuery, attention::GatedDeltaNet>;
  /// What layers with linear attention remember: states of the last positions to which a conversation may go back.
  using State = attention::RecurrentState<>;
  /// Created by `static Gating gating(const Shape&)` if the variant has it, else constructed from the numbers of
  /// experts and of chosen experts.
  using Gating = gating::SoftmaxTopK;
  template <class Q>
  using Expert = expert::SwiGlu<Q>;

  /// Which experts stay in memory, if it has no room for all; the others come from memory of a host device or from
  /// a file. For another than All include asterism/generate/load_slotted.hpp. Created by `static Cache
  /// cache(const cache::Parts&, Bytes)` if the variant has it, else constructed from these.
  using Cache = cache::All;
  /// Which of these others to bring before a router has asked for them. Created by `static Prefetch
  /// prefetch(const prefetch::Extent&)` if the variant has it, else constructed from this.
  using Prefetch = prefetch::None;

  /// Adapters beside the weights, of which each session or request may have another: an expert::Adapters says which
  /// matrices they stand beside, and how many are in memory at a time.
  using Adapters = expert::NoAdapters;

  using Backend = backend::Host;
  using Observer = observe::None;

  /// What changes the scores of routers and logits; see constellation::ScoreHook and generate::LogitsHook. The objects
  /// are handed in with each session or request, as Hooks.
  using ScoreHook = NoHook;
  using LogitsHook = NoHook;
};

/// Accepted by `plan` and `load`: a struct that derives from Blueprint, or Blueprint itself.
template <class B>
concept DerivesFromBlueprint = std::derived_from<B, Blueprint>;

namespace model {

/// B says by a function which matrix has which of several formats: see model::Formats.
template <class B>
concept SaysFormats = requires {
  &B::formats;
};

/// Whether A and B say so by the same function, or neither does.
template <class A, class B>
consteval bool same_formats() {
  if constexpr (SaysFormats<A> && SaysFormats<B>) {
    return &A::formats == &B::formats;
  } else {
    return SaysFormats<A> == SaysFormats<B>;
  }
}

}  // namespace model

/// True if the resolved policies of A and B are not all equal, that is, if hiding an alias had an effect. A
/// misspelt alias hides nothing and compiles; `static_assert(differs<Variant, Base>)` detects it.
template <class A, class B>
inline constexpr bool differs =
    !(A::limits == B::limits && std::is_same_v<typename A::Quantization, typename B::Quantization> &&
      std::is_same_v<typename A::Embedding, typename B::Embedding> &&
      std::is_same_v<typename A::Head, typename B::Head> &&
      std::is_same_v<typename A::Placement, typename B::Placement> &&
      std::is_same_v<typename A::KvCache, typename B::KvCache> &&
      std::is_same_v<typename A::Mixers, typename B::Mixers> &&
      std::is_same_v<typename A::State, typename B::State> &&
      std::is_same_v<typename A::Gating, typename B::Gating> &&
      std::is_same_v<typename A::template Expert<typename A::Quantization>,
                     typename B::template Expert<typename B::Quantization>> &&
      std::is_same_v<typename A::Cache, typename B::Cache> &&
      std::is_same_v<typename A::Prefetch, typename B::Prefetch> &&
      std::is_same_v<typename A::Adapters, typename B::Adapters> &&
      std::is_same_v<typename A::Backend, typename B::Backend> &&
      std::is_same_v<typename A::Observer, typename B::Observer> &&
      std::is_same_v<typename A::ScoreHook, typename B::ScoreHook> &&
      std::is_same_v<typename A::LogitsHook, typename B::LogitsHook> && model::same_formats<A, B>());

/// The variant fixes the sizes of its model.
template <class B>
concept HasShape = requires {
  { B::shape } -> std::convertible_to<Shape>;
};

}  // namespace asterism
