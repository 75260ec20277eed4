// The contract of a Blueprint: every alias names a complete policy.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "asterism/attention/concept.hpp"
#include "asterism/attention/mixer.hpp"
#include "asterism/attention/state.hpp"
#include "asterism/backend/concept.hpp"
#include "asterism/cache/concept.hpp"
#include "asterism/cache/fwd.hpp"
#include "asterism/constellation/score_hook.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/model/mixers.hpp"
#include "asterism/observe/concept.hpp"
#include "asterism/placement/concept.hpp"
#include "asterism/prefetch/concept.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// Stands for cache::All, which nobody asks: all experts are in memory then.
struct AllInMemory {
  AllInMemory(const cache::Parts& parts, Bytes capacity);
  Bytes capacity() const;
  bool contains(PartId part) const;
  void observe(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities);
  void admit(View<const PartId> step, cache::Admission& admission);
  void pin(PartId part);
  void unpin(PartId part);
};

/// The cache that a model asks.
template <class Cache>
using AskedCache = std::conditional_t<std::is_same_v<Cache, cache::All>, AllInMemory, Cache>;

/// Stands for NoHook, which nobody calls.
struct ScoresAsTheyAre {
  void adjust(std::int32_t layer, MatrixView<const float> x, MatrixView<float> scores);
  std::uint64_t version() const;
};

/// The score hook that a model calls.
template <class Hook>
using CalledScoreHook = std::conditional_t<is_hook<Hook>, Hook, ScoresAsTheyAre>;

/// The aliases of a Blueprint one by one, so that an error names the one whose policy lacks a member.
namespace needs {

template <class B>
concept Quantization = quant::Quantization<quant::FirstOf<typename B::Quantization>>;
template <class B>
concept Embedding = quant::Quantization<quant::FirstOf<typename B::Embedding>>;
template <class B>
concept Head = quant::Quantization<quant::FirstOf<typename B::Head>>;
template <class B>
concept Placement = placement::Placement<typename B::Placement>;
template <class B>
concept KvCache = attention::KvCacheOn<typename B::KvCache, typename B::Backend>;
template <class B>
concept State = attention::StateOn<typename B::State, typename B::Backend>;
template <class B>
concept Gating = gating::Gating<typename B::Gating>;
/// The gating is created by B::gating(shape), or else constructed from (experts, top_k).
template <class B>
concept gating = requires(const Shape& shape) {
  { B::gating(shape) } -> std::same_as<typename B::Gating>;
}
|| std::constructible_from<typename B::Gating, std::size_t, std::size_t>;
template <class B>
concept Cache = asterism::cache::Cache<AskedCache<typename B::Cache>>;
/// The cache is created by B::cache(parts, capacity), or else constructed from these.
template <class B>
concept cache = requires(const asterism::cache::Parts& parts, Bytes capacity) {
  { B::cache(parts, capacity) } -> std::same_as<typename B::Cache>;
}
|| std::constructible_from<AskedCache<typename B::Cache>, const asterism::cache::Parts&, Bytes>;
template <class B>
concept Prefetch = asterism::prefetch::Prefetch<typename B::Prefetch>;
/// The prefetcher is created by B::prefetch(extent), or else constructed from it.
template <class B>
concept prefetch = requires(const asterism::prefetch::Extent& extent) {
  { B::prefetch(extent) } -> std::same_as<typename B::Prefetch>;
}
|| std::constructible_from<typename B::Prefetch, const asterism::prefetch::Extent&>;
template <class B>
concept Backend = backend::Backend<typename B::Backend>;
template <class B>
concept Routes = backend::Routes<typename B::Backend, typename B::Gating>;
template <class B>
concept Observer = observe::Observer<typename B::Observer>;
template <class B>
concept ScoreHook = constellation::ScoreHook<CalledScoreHook<typename B::ScoreHook>>;
template <class B>
concept Expert = expert::ExpertOn < typename B::template Expert<typename B::Quantization>,
typename B::Backend > ;

}  // namespace needs

/// A Blueprint from which a model can be built: a struct that derives from Blueprint, whose aliases name models of
/// the contracts. `Expert` is an alias template over the format, checked with `Quantization`.
template <class B>
concept CompleteBlueprint = needs::Quantization<B> && needs::Embedding<B> && needs::Head<B> &&
    needs::Placement<B> && needs::KvCache<B> && needs::State<B> && needs::Gating<B> && needs::gating<B> &&
    needs::Cache<B> && needs::cache<B> && needs::Prefetch<B> && needs::prefetch<B> && needs::Backend<B> &&
    needs::Routes<B> && needs::Observer<B> && needs::ScoreHook<B> && needs::Expert<B>;

/// Fails to compile if a policy of B lacks a member; every compiler names the alias, the policy and the member.
template <CompleteBlueprint B>
struct CheckedBlueprint {
  static constexpr bool complete = true;
};

/// M runs under the policies of B, or its backend cannot run mixers of this kind: a shape that needs one is refused.
template <class M, class B>
concept MixerOf = attention::Mixer<M> &&
    ((M::is_recurrent && !backend::RecurrentOps<typename B::Backend>) ||
     attention::MixerOn<M, typename B::Backend, typename B::KvCache, typename B::State>);

template <class B, MixerOf<B> M>
struct CheckedMixer {};

/// Fails to compile if a mixer of a complete Blueprint lacks a member; compilers name the mixer and the member.
template <class B, class List>
struct CheckedMixers;
template <class B, template <class> class... M>
struct CheckedMixers<B, Mixers<M...>> : CheckedMixer<B, M<typename B::Quantization>>... {
  static constexpr bool complete = true;
};

/// Creates the gating of B for a model of `shape`; none where all its layers are dense. One whose third parameter has a
/// member `normalised` learns whether the model's weights are.
template <class B>
std::optional<typename B::Gating> gating_of(const Shape& shape) {
  if (shape.experts == 0) return std::nullopt;
  if constexpr (requires { B::gating(shape); }) {
    return B::gating(shape);
  } else {
    const auto experts = static_cast<std::size_t>(shape.experts);
    const auto top_k = static_cast<std::size_t>(shape.top_k);
    using Gating = typename B::Gating;
    if constexpr (requires { Gating(experts, top_k, {.normalised = true}); }) {
      return Gating(experts, top_k, {.normalised = shape.normalised_top_k});
    } else {
      return Gating(experts, top_k);
    }
  }
}

/// Creates the cache of B for experts of a model of `shape`. One whose third parameter has a member `top_k` learns how
/// many a token needs.
template <class B>
typename B::Cache cache_of(const Shape& shape, const cache::Parts& parts, Bytes capacity) {
  using Cache = typename B::Cache;
  if constexpr (requires { B::cache(parts, capacity); }) {
    return B::cache(parts, capacity);
  } else if constexpr (requires { Cache(parts, capacity, {.top_k = 1}); }) {
    return Cache(parts, capacity, {.top_k = shape.top_k});
  } else {
    return Cache(parts, capacity);
  }
}

/// Creates the prefetcher of B.
template <class B>
typename B::Prefetch prefetch_of(const prefetch::Extent& extent) {
  if constexpr (requires { B::prefetch(extent); }) {
    return B::prefetch(extent);
  } else {
    return typename B::Prefetch(extent);
  }
}

}  // namespace asterism::model
