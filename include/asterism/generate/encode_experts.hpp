// The experts of a checkpoint, one slab after the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/concept.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/parallel/in_turn.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/one_of.hpp"
#include "asterism/shape/shape.hpp"

namespace asterism::generate {

/// The order in which a slab's matrices are stored; see quant/kernel_order.hpp.
enum class SlabOrder : std::uint8_t { kernel, standard };

/// The order of the slabs in slots of a backend.
template <class Device>
inline constexpr SlabOrder slab_order = backend::InHostMemory<Device> ? SlabOrder::kernel : SlabOrder::standard;

/// Calls f(part, slab) for all experts of a checkpoint, whose `weights` find_weights found, layer after layer,
/// part.group a number among the layers with experts: its slab in B's Quantization, valid during the call. The matrices
/// of an expert are encoded at once, on up to three threads. Memory: one expert, and a tensor for each of them. Throws
/// FileError, FormatError, Unsupported as `load`.
template <class B, SlabOrder order, class F>
void encode_experts(const checkpoint::WeightStoreRef& store, const std::vector<checkpoint::FoundWeight>& weights,
                    const Shape& shape, F&& f) {
  static_assert(!quant::Tagged<typename B::Quantization>,
                "encode_experts has slabs of one size, and B::Quantization is quant::OneOf several formats: write the "
                "experts by a Blueprint with a single format");
  using Expert = typename model::Assembly<B>::Expert;
  const LayerSet layers = shape.sparse_layers();
  const Expert expert(shape);
  backend::SerialHost host(0, expert.footprint(), std::make_shared<parallel::Serial>());
  const backend::Buffer buffer = host.allocate(expert.footprint(), "experts");
  backend::Layout cursor(buffer);
  const auto slab = expert.lay_out(cursor);
  const auto fill = [&](const checkpoint::FoundWeight& found, const auto& matrix) {
    const auto load = [&](const auto& to) { checkpoint::load_weight(store, found, to); };
    if constexpr (order == SlabOrder::kernel) {
      host.write(matrix, load);
    } else {
      load(matrix);
    }
    checkpoint::release(store, found);
  };
  const std::size_t matrices = expert::Gated<Expert> ? 3 : 2;
  parallel::Threads threads(std::min(matrices, parallel::Threads::default_threads()));
  auto next = weights.begin();  // of an expert's: they are neighbours
  std::int32_t group = 0;
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    if (!layers.contains(layer)) continue;
    for (std::int32_t e = 0; e < shape.experts; ++e) {
      while (next->id.layer != layer || next->id.expert != e) ++next;
      parallel::for_each_in_turn(parallel::ExecutionRef(threads), matrices, [&](std::size_t i) {
        const checkpoint::FoundWeight& found = next[static_cast<std::ptrdiff_t>(i)];
        if (found.id.role == model::Role::down) return fill(found, slab.down);
        if (found.id.role == model::Role::up) return fill(found, slab.up);
        if constexpr (expert::Gated<Expert>) fill(found, slab.gate);
      });
      f(PartId{group, e},
        View<const std::byte>(buffer.data(), static_cast<std::size_t>(expert.footprint().count)));
    }
    ++group;
  }
}

}  // namespace asterism::generate
