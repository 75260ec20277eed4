// Writes the experts of a checkpoint to a spill file, from which a cache of experts reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "asterism/checkpoint/weight_files.hpp"
#include "asterism/checkpoint/weight_store.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/encode_experts.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/generate/spill_header.hpp"
#include "asterism/model/plan.hpp"
#include "asterism/residency/spill_file.hpp"

namespace asterism {

/// Writes the experts of the checkpoint `from`, a folder or a GGUF file, in B's Quantization and in kernel order, to
/// the file `path`, expert by expert: what `load<B>` would have in memory, with `quantize_again` as
/// LoadOptions::quantize_again has it. The file appears when it is complete. Memory: one expert and one tensor. Throws
/// FileError, FormatError, Unsupported as `load`; Unsupported for a model without experts. Progress counts bytes
/// written; an exception from the sink cancels.
template <class B>
void write_experts(const std::string& from, const std::string& path, ProgressSink& progress,
                   bool quantize_again = false) {
  const Shape shape = generate::read_config(from).shape;
  model::check_sound(shape);
  model::check_expert<B>(shape);
  if (shape.sparse_layers().empty()) throw Unsupported(concat(from, ": the model has no experts to write"));
  const checkpoint::WeightFiles files(from);
  const checkpoint::WeightStoreRef store = files.store();
  auto weights = files.find(shape, !shape.tied_head);
  for (checkpoint::FoundWeight& found : weights) found.quantize_again = quantize_again;
  const residency::SpillHeader header = generate::spill_header<B>(store, shape);
  residency::SpillWriter writer(path, header);
  progress.begin("writing experts", header.slabs() * header.slab_bytes, ProgressUnit::bytes);
  std::uint64_t done = 0;
  generate::encode_experts<B, generate::SlabOrder::kernel>(
      store, weights, shape, [&](PartId part, View<const std::byte> slab) {
        writer.write(slab);
        progress.advance(done += header.slab_bytes, concat("layer ", part.group, ", expert ", part.member));
      });
  writer.finish();
  progress.end();
}

}  // namespace asterism
