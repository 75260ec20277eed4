// Layers per device as specified.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/fwd.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::placement {

/// Device d runs the next `Layers[d]` layers: `Explicit<14, 18>` for the 32 layers of Mixtral 8x7B on two devices.
/// The embedding is on the first layer's device, final norm and head on the last one's; a tied head is copied if
/// that fits, else handed over. The plan may not fit: check `fits()`. Throws InvalidArgument, a compile error in a
/// constant expression, if the counts don't add up to the model's layers or the machine has fewer devices.
/// @tparam Layers  0 or more for each device; 0: the device is left free
template <std::int32_t... Layers>
struct Explicit {
  static_assert(sizeof...(Layers) >= 1 && sizeof...(Layers) <= Machine::max_devices,
                "Explicit takes one count of layers for each of 1 to 8 devices");
  static_assert(((Layers >= 0) && ...), "a count of layers is 0 or more");

  static constexpr Plan plan(const MemoryFootprint& footprint, const Machine& machine) {
    constexpr std::int32_t counts[] = {Layers...};
    Cuts cuts{};
    for (std::size_t d = 0; d < Machine::max_devices; ++d) {
      cuts[d + 1] = cuts[d] + (d < sizeof...(Layers) ? counts[d] : 0);
    }
    if (cuts[Machine::max_devices] != footprint.layers) {
      throw InvalidArgument(concat("placement::Explicit places ", cuts[Machine::max_devices],
                                   " layers, the model has ", footprint.layers));
    }
    if (sizeof...(Layers) > machine.devices) {
      throw InvalidArgument(
          concat("placement::Explicit names ", sizeof...(Layers), " devices, the machine has ", machine.devices));
    }
    const Plan copied = assemble(footprint, machine, cuts, true);
    return copied.fits() ? copied : assemble(footprint, machine, cuts, false);
  }
};

}  // namespace asterism::placement
