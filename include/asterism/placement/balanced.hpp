// Fills all devices equally.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/fwd.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

/// Cuts the layers so as to minimise the fullest device's share of its budget, which leaves the most room for
/// longer contexts. A tied head is copied or handed over, whichever leaves the fullest device less full; ties are
/// handed over, which costs one row of hidden state per token and no memory. At most 256 layers; throws
/// InvalidArgument beyond. Dynamic programming over cuts: O(devices * layers * log(layers)) steps.
struct Balanced {
  static constexpr Plan plan(const MemoryFootprint& footprint, const Machine& machine) {
    Plan best = cut(footprint, machine, false);
    if (footprint.tied) {
      const Plan copied = cut(footprint, machine, true);
      if (fullest(copied) < fullest(best)) best = copied;
    }
    return best;
  }

 private:
  /// The largest used share of a budget.
  static constexpr double fullest(const Plan& plan) {
    double most = 0;
    for (std::size_t d = 0; d < plan.devices(); ++d) {
      const double used = share(plan.least_peak(d), plan.budget(d));
      most = used > most ? used : most;
    }
    return most;
  }

  static constexpr double share(Bytes used, Bytes budget) {
    if (used.count == 0) return 0;
    return static_cast<double>(used.count) / (budget.count == 0 ? 1e-9 : static_cast<double>(budget.count));
  }

  static constexpr std::size_t max_layers = 256;

  /// best[l]: the smallest possible share of the fullest device if the devices so far run layers [0, l).
  static constexpr Plan cut(const MemoryFootprint& footprint, const Machine& machine, bool copy_tied_head) {
    const auto layers = static_cast<std::size_t>(footprint.layers);
    if (layers > max_layers) {
      throw InvalidArgument(
          concat("placement::Balanced handles at most ", max_layers, " layers, not ", footprint.layers));
    }
    std::array<Bytes, max_layers + 1>
        before{};  // bytes of the layers before l: constant evaluation has limited steps
    for (std::size_t l = 0; l < layers; ++l) {
      const auto layer = static_cast<std::int32_t>(l);
      before[l + 1] = before[l] + footprint.layer_bytes(layer, layer + 1);
    }
    const auto used_share = [&](std::size_t device, std::size_t begin, std::size_t end) {
      const Bytes beside = bytes_beside_layers(footprint, static_cast<std::int32_t>(begin),
                                               static_cast<std::int32_t>(end), copy_tied_head);
      return share(before[end] - before[begin] + beside, machine.capacity[device]);
    };
    std::array<double, max_layers + 1> best{};
    std::array<std::array<std::int32_t, max_layers + 1>, Machine::max_devices> from{};
    for (std::size_t l = 0; l <= layers; ++l) best[l] = used_share(0, 0, l);
    for (std::size_t d = 1; d < machine.devices; ++d) {
      std::array<double, max_layers + 1> next{};
      for (std::size_t end = 0; end <= layers; ++end) {
        // best[begin] never falls and the share of [begin, end) never rises: the minimum of their maximum is where
        // they cross.
        std::size_t low = 0;
        std::size_t high = end;
        while (low < high) {
          const std::size_t middle = (low + high) / 2;
          if (best[middle] >= used_share(d, middle, end)) {
            high = middle;
          } else {
            low = middle + 1;
          }
        }
        next[end] = best[low];
        from[d][end] = static_cast<std::int32_t>(low);
        if (low > 0 && used_share(d, low - 1, end) < best[low]) {
          next[end] = used_share(d, low - 1, end);
          from[d][end] = static_cast<std::int32_t>(low - 1);
        }
      }
      best = next;
    }
    Cuts cuts{};
    std::size_t end = layers;
    for (std::size_t d = machine.devices; d-- > 0;) {
      cuts[d + 1] = static_cast<std::int32_t>(end);
      if (d > 0) end = static_cast<std::size_t>(from[d][end]);
    }
    for (std::size_t d = machine.devices + 1; d <= Machine::max_devices; ++d) cuts[d] = footprint.layers;
    return assemble(footprint, machine, cuts, copy_tied_head);
  }
};

}  // namespace asterism::placement
