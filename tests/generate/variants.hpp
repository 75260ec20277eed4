// The variants that tests of whole models share: each one more takes a compiler many seconds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "asterism/attention/static_kv_cache.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/engine/engine.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/blueprint.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/nf4.hpp"

namespace asterism::test {

/// Counts routes, and tells a test of each one while the model runs.
struct Watch {
  static inline std::function<void(std::int32_t layer, std::int32_t position)> on_route;
  std::uint64_t routes = 0;

  void begin(std::int32_t /*layers*/, std::int32_t /*experts*/, std::int32_t /*top_k*/) {}
  void scored(std::int32_t /*layer*/, std::int32_t /*position*/, View<const float> /*probabilities*/) {}
  void routed(std::int32_t layer, std::int32_t position, std::int32_t /*expert*/, float /*weight*/) {
    ++routes;
    if (on_route) on_route(layer, position);
  }
  void moved(std::int32_t /*from*/, std::int32_t /*to*/, Bytes /*bytes*/) {}
};

/// All in float32 on the calling thread.
struct Exact : Blueprint {
  static constexpr Limits limits{.context = 160, .batch = 2, .prefill_chunk = 16, .threads = 2};
  using Quantization = quant::Float32;
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::StaticKvCache<quant::Float32>;
  using Backend = backend::BasicHost<parallel::Serial>;
  using Observer = Watch;
};

/// The defaults.
struct Defaults : Blueprint {
  static constexpr Limits limits = Exact::limits;
};

/// The devices and the network of a plan, without weights in it.
template <class B>
struct EmptyNetwork {
  using Device = typename B::Backend;

  EmptyNetwork(const Shape& shape, const Machine& machine, const Limits& limits = B::limits)
      : plan(asterism::plan<B>(machine, shape, limits)),
        owned(engine::devices_of<B>(plan, limits_of_one_thread(limits))),
        devices(owned->all()),
        network(devices, plan, shape, model::gating_of<B>(shape), model::formats_of<B>(shape)) {}

  static Limits limits_of_one_thread(Limits limits) {
    limits.threads = 1;
    return limits;
  }

  placement::Plan plan;
  std::shared_ptr<backend::Devices<Device>> owned;
  const std::vector<std::unique_ptr<Device>>& devices;
  typename model::Assembly<B>::Network network;
};

}  // namespace asterism::test
