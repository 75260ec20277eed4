// Which experts a run has forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/view.hpp"

namespace asterism::train {

/// Steps without a row after which an expert counts as dead.
inline constexpr std::int32_t steps_until_dead = 100;

/// Told the load of each step, it knows for how many steps each expert has had no row. Not thread-safe.
class IdleExperts {
 public:
  /// The next step; `load`: choices of each expert, of the same experts in each call.
  void add(View<const std::int32_t> load) {
    idle_.resize(load.size);
    for (std::size_t e = 0; e < load.size; ++e) idle_[e] = load[e] > 0 ? 0 : idle_[e] + 1;
  }

  /// Dead experts of each layer of `experts`; load was layer by layer.
  std::vector<std::int32_t> dead(std::size_t experts) const {
    std::vector<std::int32_t> out(experts > 0 ? idle_.size() / experts : 0);
    for (std::size_t e = 0; e < out.size() * experts; ++e)
      out[e / experts] += idle_[e] >= steps_until_dead ? 1 : 0;
    return out;
  }

 private:
  std::vector<std::int32_t> idle_;
};

}  // namespace asterism::train
