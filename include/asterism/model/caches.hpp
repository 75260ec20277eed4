// The key/value caches of one sequence on every device.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "asterism/model/fwd.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// The caches of one sequence, on each device of a plan that runs layers. Nothing is drawn after construction.
template <class KvCache>
class Caches {
 public:
  /// Draws from the arenas of `devices`; throws BudgetExceeded if a device has no room for one more sequence.
  template <class Device>
  Caches(const std::vector<std::unique_ptr<Device>>& devices, const placement::Plan& plan, const Shape& shape,
         const Limits& limits)
      : caches_(devices.size()) {
    for (std::size_t d = 0; d < devices.size(); ++d) {
      const std::int32_t first = plan.cuts[d];
      const std::int32_t count = plan.cuts[d + 1] - first;
      if (count > 0) caches_[d].emplace(*devices[d], shape, limits, first, count);
    }
  }

  /// The cache on a device that runs layers.
  KvCache& on(std::int32_t device) { return *caches_[static_cast<std::size_t>(device)]; }

  /// Goes back to the first `length` positions; returns how many of them remain usable, 0 or `length`.
  std::size_t trim(std::size_t length) {
    std::size_t kept = length;
    for (std::optional<KvCache>& cache : caches_) {
      if (cache) kept = std::min(kept, cache->trim(length));
    }
    if (kept != length) trim_all();
    return kept;
  }

 private:
  void trim_all() {
    for (std::optional<KvCache>& cache : caches_) {
      if (cache) cache->trim(0);
    }
  }

  std::vector<std::optional<KvCache>> caches_;
};

/// Consecutive rows of a pass that belong to one sequence, at positions first ... first + rows - 1.
template <class KvCache, class Observer>
struct Segment {
  Caches<KvCache>* caches = nullptr;
  Observer* observer = nullptr;
  std::size_t first = 0;
  std::size_t rows = 0;

  KvCache& cache(std::int32_t device) const { return caches->on(device); }
};

}  // namespace asterism::model
