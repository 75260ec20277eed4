// Weights of a trainer from and to folders of checkpoints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/backend/operand.hpp"
#include "asterism/checkpoint/checkpoint_writer.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/core/view.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/generate/quantize_checkpoint.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// Fills the weights of a trainer from the checkpoint in `folder`, as `load` reads it, masters in float32; the
/// optimizer's state stays.
/// Throws FileError, FormatError, Unsupported on a bad checkpoint, FormatError where it has another shape.
template <class TrainerType>
void load_weights(const std::string& folder, TrainerType& trainer) {
  const checkpoint::ModelConfig config = generate::read_config(folder);
  generate::check_shape(trainer.shape(), config.shape, folder);
  const checkpoint::TensorStore store(folder);
  const auto found = checkpoint::find_weights(store, config.shape, trainer.weights().has_own_head());
  ProgressSink silence;
  checkpoint::load_weights(store, found, trainer.devices(), trainer.weights(), silence);
  for (std::size_t i = 0; i < trainer.parameters().size; ++i) {
    const Parameter& parameter = trainer.parameters()[i];
    if (parameter.rounded.empty()) continue;
    checkpoint::load_weight(store, found[i], backend::DeviceMatrix<float>{parameter.weights, 0});
    parameter.refresh();
  }
}

/// Writes the weights, float32, and the other files of the checkpoint `like`: tokenizer, generation, and config.json
/// with another dtype, whose `model_type` is that of `architecture`, so that nobody takes the model for one that
/// computes otherwise. The writer was made for `weight_declarations`; `finish` is the caller's.
void write_checkpoint(View<const Parameter> parameters, const std::string& like, Architecture architecture,
                      checkpoint::CheckpointWriter& writer);

/// The other files alone.
void write_texts(const std::string& like, Architecture architecture, checkpoint::CheckpointWriter& writer);

/// The tensors that write_checkpoint writes.
std::vector<checkpoint::TensorDeclaration> weight_declarations(View<const Parameter> parameters);

/// The same as a folder, which `load` reads and which replaces an older one in one step; see
/// checkpoint::CheckpointWriter for errors.
void save_weights(View<const Parameter> parameters, const std::string& like, Architecture architecture,
                  const std::string& folder);

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/checkpoint_impl.hpp"
#endif
