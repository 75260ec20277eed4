// Writes the experts of a checkpoint to a spill file, from which a cache of experts reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "asterism/backend/host.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/layer_set.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/generate/spill_header.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/residency/spill_file.hpp"

namespace asterism {

/// Writes the experts of the checkpoint in `from`, in B's Quantization and in kernel order, to the file `path`, expert
/// by expert: what `load<B>` would have in memory. The file appears when it is complete. Memory: one expert and one
/// tensor. Throws FileError, FormatError, Unsupported as `load`; Unsupported for a model without experts. Progress
/// counts bytes written; an exception from the sink cancels.
template <class B>
void write_experts(const std::string& from, const std::string& path, ProgressSink& progress) {
  using Expert = typename model::Assembly<B>::Expert;
  const Shape shape = generate::read_config(from).shape;
  model::check_sound(shape);
  model::check_expert<B>(shape);
  const LayerSet layers = shape.sparse_layers();
  if (layers.empty()) throw Unsupported(concat(from, ": the model has no experts to write"));
  const checkpoint::TensorStore store(from);
  checkpoint::WeightFinder finder(store, shape);
  const Expert expert(shape);
  backend::SerialHost host(0, expert.footprint(), std::make_shared<parallel::Serial>());
  const backend::Buffer buffer = host.allocate(expert.footprint(), "experts");
  backend::Layout cursor(buffer);
  const auto slab = expert.lay_out(cursor);
  const residency::SpillHeader header = generate::spill_header<B>(store, shape);
  residency::SpillWriter writer(path, header);
  progress.begin("writing experts", header.slabs() * header.slab_bytes, ProgressUnit::bytes);
  std::uint64_t done = 0;
  const auto fill = [&](model::Role role, std::int32_t layer, std::int32_t e, const auto& weights) {
    const checkpoint::FoundWeight found = finder.find({role, layer, e});
    host.write(weights, [&](const auto& to) { checkpoint::load_weight(store, found, to); });
    checkpoint::release(store, found);
  };
  for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
    if (!layers.contains(layer)) continue;
    for (std::int32_t e = 0; e < shape.experts; ++e) {
      if constexpr (expert::Gated<Expert>) fill(model::Role::gate, layer, e, slab.gate);
      fill(model::Role::up, layer, e, slab.up);
      fill(model::Role::down, layer, e, slab.down);
      writer.write({buffer.data(), static_cast<std::size_t>(header.slab_bytes)});
      progress.advance(done += header.slab_bytes, concat("layer ", layer, ", expert ", e));
    }
  }
  writer.finish();
  progress.end();
}

}  // namespace asterism
