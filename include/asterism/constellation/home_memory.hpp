// Memory of host devices in which experts that take turns wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/residency/expert_homes.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::constellation {

/// Draws from host devices what `plan` has there for the experts of layers, and sets it aside in `homes`; whoever holds
/// the buffers fills it. `slab_bytes`: of an expert. Throws BudgetExceeded if a device has no room; InvalidArgument
/// where there are no homes, those of another model, or no file for layers that find no room in memory.
template <class Device>
std::vector<backend::Buffer> draw_homes(const std::vector<std::unique_ptr<Device>>& devices,
                                        const placement::Plan& plan, const Shape& shape, Bytes slab_bytes,
                                        residency::ExpertHomes* homes) {
  std::vector<backend::Buffer> out;
  const LayerSet layers = shape.sparse_layers();
  if (layers.empty()) return out;
  if (homes == nullptr) {
    throw InvalidArgument(
        "the Blueprint's Cache has experts take turns: say where they wait, such as in a file written by quantize "
        "--experts");
  }
  const residency::SpillHeader& header = homes->header();
  if (header.layers != layers.size() || header.experts != shape.experts || header.slab_bytes != slab_bytes.count) {
    throw InvalidArgument(concat("the file holds ", header.experts, " experts of ", header.slab_bytes,
                                 " bytes in each of ", header.layers, " layers, the model has ", shape.experts,
                                 " of ", slab_bytes.count, " in ", layers.size(), ": write a file of this model"));
  }
  if (const Bytes on_disk = plan.homes_on_disk(); on_disk > Bytes{0} && homes->file() == nullptr) {
    throw InvalidArgument(concat("experts of ", to_string(on_disk),
                                 " find no room in host memory: give the file in which they wait, written by "
                                 "quantize --experts"));
  }
  for (std::size_t d = 0; d < plan.devices(); ++d) {
    const Bytes size = plan.bytes(d, placement::PartKind::expert_homes);
    if (size == Bytes{0}) continue;
    out.push_back(devices[d]->allocate(size, "expert homes"));
    std::byte* next = residency::aligned_to_page(out.back().data());
    for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
      if (!layers.contains(layer) || plan.home_of_layer(layer) != static_cast<std::int32_t>(d)) continue;
      homes->keep_in(next, layers.size_within(0, layer));
      next += homes->layer_bytes();
    }
  }
  return out;
}

}  // namespace asterism::constellation
