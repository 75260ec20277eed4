// Blueprints with one policy each that lacks a member.
#pragma once

#include "asterism/model/plan.hpp"

#include "lacking/backend.hpp"
#include "lacking/cache.hpp"
#include "lacking/expert.hpp"
#include "lacking/gating.hpp"
#include "lacking/kv_cache.hpp"
#include "lacking/observer.hpp"
#include "lacking/placement.hpp"
#include "lacking/prefetch.hpp"
#include "lacking/quantization.hpp"
#include "lacking/score_hook.hpp"
#include "lacking/state.hpp"

namespace asterism::lacking::blueprints {

struct Complete : Blueprint {
  static constexpr Shape shape{};
};
struct NoQuantization : Blueprint {
  using Quantization = quantizations::NoDecode;
};
struct NoEmbedding : Blueprint {
  using Embedding = quantizations::NoEncode;
};
struct NoHead : Blueprint {
  using Head = quantizations::NoPlanes;
};
struct NoPlacement : Blueprint {
  using Placement = placements::NoPlan;
};
struct NoKvCache : Blueprint {
  using KvCache = kv_caches::NoTrim;
};
struct NoState : Blueprint {
  using State = states::NoKeep;
};
struct NoGating : Blueprint {
  using Gating = gatings::NoTopK;
};
/// Complete as a policy, but constructed from nothing that a model knows, and not handed in.
struct NoFinishedGating : Blueprint {
  using Gating = gatings::Complete;
};
struct NoCache : Blueprint {
  using Cache = caches::NoUnpin;
};
/// Complete as a cache, but constructed from nothing that a model knows, and not handed in.
struct NoFinishedCache : Blueprint {
  using Cache = caches::Complete;
};
struct NoPrefetch : Blueprint {
  using Prefetch = prefetchers::NoPredict;
};
/// Complete as a prefetcher, but constructed from nothing that a model knows, and not handed in.
struct NoFinishedPrefetch : Blueprint {
  using Prefetch = prefetchers::Complete;
};
struct NoBackend : Blueprint {
  using Backend = backends::NoCombine;
};
/// Complete as a backend, but it cannot route by the gating.
struct NoRoutes : Blueprint {
  using Backend = backends::NoRoute;
};
struct NoObserver : Blueprint {
  using Observer = observers::NoMoved;
};
struct NoScoreHook : Blueprint {
  using ScoreHook = score_hooks::NoVersion;
};
struct NoExpert : Blueprint {
  template <class>
  using Expert = experts::NoForward;
};
struct NoShape : Blueprint {};

}  // namespace asterism::lacking::blueprints
