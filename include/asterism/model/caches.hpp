// What a sequence leaves on every device.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "asterism/attention/concept.hpp"
#include "asterism/core/hook.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/model/adapter_slot.hpp"
#include "asterism/model/fwd.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// What one sequence leaves on each device of a plan that runs layers: keys and values of layers with attention, states
/// of layers with linear attention. Layers are numbered within their kind. Nothing is drawn after construction.
template <class KvCache, class State>
class Caches {
 public:
  /// Draws from the arenas of `devices`; throws BudgetExceeded if a device has no room for one more sequence.
  template <class Device>
  Caches(const std::vector<std::unique_ptr<Device>>& devices, const placement::Plan& plan, const Shape& shape,
         const Limits& limits)
      : caches_(devices.size()), states_(devices.size()) {
    const auto number = [&](const LayerSet& kind, std::size_t d) { return kind.size_within(0, plan.cuts[d]); };
    const LayerSet attention = shape.attention_layers();
    for (std::size_t d = 0; d < devices.size(); ++d) {
      if (const std::int32_t count = number(attention, d + 1) - number(attention, d); count > 0) {
        caches_[d].emplace(*devices[d], shape, limits, number(attention, d), count);
      }
      const LayerSet& linear = shape.linear_layers;
      if (const std::int32_t count = number(linear, d + 1) - number(linear, d); count > 0) {
        states_[d].emplace(*devices[d], shape, number(linear, d), count);
      }
    }
  }

  /// The cache on a device that runs layers with attention.
  KvCache& on(std::int32_t device) { return *caches_[static_cast<std::size_t>(device)]; }
  /// The state on a device that runs layers with linear attention.
  const State& state_on(std::int32_t device) const { return *states_[static_cast<std::size_t>(device)]; }

  /// The most rows of a pass from `position` on: a cache that drops positions by the attention they drew ends it there.
  static constexpr std::size_t rows_to_end(std::size_t position) {
    if constexpr (attention::Prunes<KvCache>) {
      return KvCache::pass_end(position) - position;
    } else {
      return std::numeric_limits<std::size_t>::max();
    }
  }

  /// The pass that ended at `position` counts.
  void advance(std::size_t position) {
    for (std::optional<State>& state : states_) {
      if (state) state->advance(position);
    }
  }

  /// Keeps the states of the position reached, to go back to; `longest`: longer than others.
  void keep(bool longest) {
    for (std::optional<State>& state : states_) {
      if (state) longest ? state->keep_longest() : state->keep();
    }
  }

  /// Goes back to the greatest position up to `length` from which all devices can go on, and returns it.
  template <class Device>
  std::size_t trim(const std::vector<std::unique_ptr<Device>>& devices, std::size_t length) {
    for (std::size_t kept = length;; length = kept) {
      for (std::size_t d = 0; d < devices.size(); ++d) {
        if (caches_[d]) kept = std::min(kept, caches_[d]->trim(length));
        if (states_[d]) kept = std::min(kept, states_[d]->trim(*devices[d], length));
      }
      if (kept == length) return kept;
    }
  }

 private:
  std::vector<std::optional<KvCache>> caches_;
  std::vector<std::optional<State>> states_;
};

/// Consecutive rows of a pass that belong to one sequence, at positions first ... first + rows - 1.
template <class KvCache, class State, class Observer, class ScoreHookType, class Adapters>
struct Segment {
  using ScoreHook = ScoreHookType;

  Caches<KvCache, State>* caches = nullptr;
  Observer* observer = nullptr;
  std::size_t first = 0;
  std::size_t rows = 0;
  std::int32_t sequence = 0;  ///< its number, for what is kept for each sequence and is none of its caches
  [[no_unique_address]] HookPointer<ScoreHook> scores{};  ///< what changes the routers' scores of its rows
  [[no_unique_address]] AdapterPointer<Adapters> adapter{};  ///< what adds to the products of its rows

  KvCache& cache(std::int32_t device) const { return caches->on(device); }
  const State& state(std::int32_t device) const { return caches->state_on(device); }
};

}  // namespace asterism::model
