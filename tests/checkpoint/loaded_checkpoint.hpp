// A network with the weights of a checkpoint, and 4-bit tensors for one.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "asterism/checkpoint/bitsandbytes/file_layout.hpp"
#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/checkpoint/load_weights.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/progress.hpp"
#include "asterism/json/json.hpp"
#include "asterism/kernels.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/model/weights.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"

namespace asterism::test {

/// The network of a checkpoint with its weights.
template <class B>
struct Loaded : EmptyNetwork<B> {
  explicit Loaded(const std::string& folder) : Loaded(folder, silence()) {}
  Loaded(const std::string& folder, ProgressSink& progress)
      : EmptyNetwork<B>(checkpoint::read_model_config(folder).shape, equal_devices(1, 64_MiB)) {
    const checkpoint::TensorStore store(folder);
    const auto found = checkpoint::find_weights(store, this->network.shape(), this->network.has_own_head());
    load_weights(store, found, this->devices,
                 this->network, progress);
  }

  static ProgressSink& silence() {
    static ProgressSink sink;
    return sink;
  }

  /// A weight as float32, row by row.
  std::vector<float> values(const model::WeightId& id) const {
    std::vector<float> out;
    model::visit_weight(this->network, id, [&](const auto& weights) {
      if constexpr (requires { weights.view; }) {
        for (std::size_t row = 0; row < weights.view.rows; ++row) {
          out.insert(out.end(), weights.view.row(row).begin(), weights.view.row(row).end());
        }
      } else {
        out.resize(static_cast<std::size_t>(weights.rows * weights.cols));
        quant::decode(weights.kernel_matrix(), 0, View<float>(out));
      }
    });
    return out;
  }
};

/// Replaces a float32 tensor by its 4-bit form in the layout of Format.
template <class Format>
void quantize(EditedCheckpoint& edited, const std::string& name) {
  const EditedCheckpoint::Tensor source = edited.tensors.at(name);
  std::vector<float> values(source.bytes.size() / sizeof(float));
  std::memcpy(values.data(), source.bytes.data(), source.bytes.size());
  const std::uint64_t cols = source.shape.back();
  const std::uint64_t rows = values.size() / cols;
  std::vector<std::byte> slab(Format::planes(rows, cols).bytes().count);
  const quant::FloatWeights weights{values};
  Format::encode(weights, rows, cols, slab.data());
  const auto parts = checkpoint::FileLayout<Format>::declare(name, rows, cols);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    edited.tensors[parts[i].name] = {parts[i].dtype, parts[i].shape,
                                         checkpoint::FileLayout<Format>::bytes(i, slab.data(), rows, cols, "float32")};
  }
  std::string& state = edited.tensors.at(parts.back().name).bytes;
  json::Value json = json::parse(state, "quant_state");
  json["shape"] = source.shape;
  const std::size_t size = state.size();
  state = json.dump();
  state.resize(size, ' ');
}

}  // namespace asterism::test
