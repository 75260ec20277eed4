// Puts few layers on the first device and fills the others equally.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/machine/machine.hpp"
#include "asterism/placement/balanced.hpp"
#include "asterism/placement/fwd.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/placement/sequential.hpp"

namespace asterism::placement {

/// The first device keeps the embedding and as few whole layers as the other budgets allow, at least one; the rest
/// is balanced over the other devices, the last of which has final norm and head. This leaves room on a device
/// that has other work besides layers. A tied head is copied to the last device if that fits, else handed over. If
/// no such cut fits, the plan is Balanced's. At most 256 layers; throws InvalidArgument beyond.
/// Source: accelerate, `device_map="balanced_low_0"`.
struct BalancedLowFirst {
  static constexpr Plan plan(const MemoryFootprint& footprint, const Machine& machine) {
    Machine others;
    for (std::size_t d = 1; d < machine.devices; ++d) others.add(machine.capacity[d], machine.kinds[d]);
    for (const bool copy_tied_head : {true, false}) {
      if (!footprint.tied && copy_tied_head) continue;
      const std::int32_t low = fewest_first(footprint, machine.capacity[0], others, copy_tied_head);
      if (low == 0) continue;
      const Plan rest = Balanced::plan(behind(footprint, low, copy_tied_head), others);
      Cuts cuts{};
      for (std::size_t d = 1; d < cuts.size(); ++d) cuts[d] = low + rest.cuts[d - 1];
      return assemble(footprint, machine, cuts, copy_tied_head);
    }
    return Balanced::plan(footprint, machine);
  }

 private:
  /// What the devices after the first one hold if that one runs layers [0, first).
  static constexpr MemoryFootprint behind(const MemoryFootprint& footprint, std::int32_t first,
                                          bool copy_tied_head) {
    MemoryFootprint rest = footprint;
    rest.layers = footprint.layers - first;
    for (std::size_t i = 0; i < rest.run_count; ++i) rest.runs[i].layers = rest.runs[i].layers.behind(first);
    rest.slotted.layers = rest.slotted.layers.behind(first);
    rest.embedding = {};
    rest.tied = false;
    if (footprint.tied) rest.head = copy_tied_head ? footprint.embedding : Bytes{};
    if (footprint.tied && !copy_tied_head) rest.head_workspace = {};
    return rest;
  }

  /// The fewest layers, at least one, on the first device with which all budgets hold; 0 if there are none. Found
  /// by bisection between one and what the first device has room for: with fewer layers there, the others never
  /// hold less.
  static constexpr std::int32_t fewest_first(const MemoryFootprint& footprint, Bytes budget, const Machine& others,
                                             bool copy_tied_head) {
    const auto others_hold = [&](std::int32_t first) {
      return Sequential::plan(behind(footprint, first, copy_tied_head), others).fits();
    };
    std::int32_t most = 0;
    while (most + 1 < footprint.layers && bytes_of_cut(footprint, 0, most + 1, copy_tied_head) <= budget) ++most;
    if (most == 0 || others.devices == 0 || !others_hold(most)) return 0;
    std::int32_t few = 1;
    while (few < most) {
      const std::int32_t middle = (few + most) / 2;
      if (others_hold(middle)) {
        most = middle;
      } else {
        few = middle + 1;
      }
    }
    return few;
  }
};

}  // namespace asterism::placement
