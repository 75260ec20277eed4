// What one conversation needs beside the weights: caches and activations, drawn once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/cursor.hpp"
#include "asterism/model/fwd.hpp"
#include "asterism/model/workspace.hpp"
#include "asterism/placement/plan.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::model {

/// Key/value caches and workspaces on every device of a plan. Nothing is drawn after construction.
template <class Block, class KvCache>
class State {
 public:
  /// Draws from the arenas of `devices`; throws BudgetExceeded where a device has no room for one more session.
  template <class Device>
  State(const std::vector<std::unique_ptr<Device>>& devices, const placement::Plan& plan, const Shape& shape,
        const Limits& limits)
      : layers_(devices.size()) {
    for (std::size_t d = 0; d < devices.size(); ++d) {
      const std::int32_t first = plan.cuts[d];
      const std::int32_t count = plan.cuts[d + 1] - first;
      if (count <= 0) continue;
      OnDevice& here = layers_[d].emplace(
          OnDevice{KvCache(*devices[d], shape, limits, first, count),
                   devices[d]->allocate(LayerWorkspace<Block>::bytes(shape, limits), "workspace"),
                   {}});
      backend::Cursor cursor(here.buffer);
      here.workspace = LayerWorkspace<Block>::lay_out(cursor, shape, limits);
    }
    const auto head_device = static_cast<std::size_t>(plan.head_device());
    head_buffer_ = devices[head_device]->allocate(HeadWorkspace::bytes(shape, limits), "workspace");
    backend::Cursor cursor(head_buffer_);
    head_ = HeadWorkspace::lay_out(cursor, shape, limits);
  }

  KvCache& cache(std::size_t device) { return layers_[device]->cache; }
  const LayerWorkspace<Block>& workspace(std::size_t device) const { return layers_[device]->workspace; }
  const HeadWorkspace& head() const { return head_; }

 private:
  struct OnDevice {
    KvCache cache;
    backend::Buffer buffer;
    LayerWorkspace<Block> workspace;
  };

  std::vector<std::optional<OnDevice>> layers_;
  backend::Buffer head_buffer_;
  HeadWorkspace head_;
};

}  // namespace asterism::model
