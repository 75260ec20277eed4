// Bodies of merge.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "asterism/checkpoint/checkpoint_writer.hpp"
#include "asterism/checkpoint/huggingface/weight_location.hpp"
#include "asterism/checkpoint/peft.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/weight_finder.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/generate/load_options.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/train/checkpoint.hpp"
#include "asterism/train/merge.hpp"

namespace asterism::train {

namespace detail {

/// weight (rows, cols) += scale B A.
inline void add_low_rank(MatrixView<float> weight, const checkpoint::PeftAdapter& adapter) {
  const auto rank = static_cast<std::size_t>(adapter.rank);
  for (std::size_t i = 0; i < weight.rows; ++i) {
    for (std::size_t r = 0; r < rank; ++r) {
      const float by = adapter.scale * adapter.b[i * rank + r];
      for (std::size_t c = 0; c < weight.cols; ++c) weight(i, c) += by * adapter.a[r * weight.cols + c];
    }
  }
}

}  // namespace detail

ASTERISM_INLINE void merge_adapter(const std::string& base, const std::string& adapter, const std::string& to,
                                   ProgressSink& progress, Bytes max_shard_bytes) {
  const checkpoint::ModelConfig config = generate::read_config(base);
  const Shape& shape = config.shape;
  const checkpoint::TensorStore store(base);
  const auto found = checkpoint::find_weights(store, shape, !shape.tied_head);
  checkpoint::PeftFile file(adapter, static_cast<std::uint64_t>(shape.experts));
  std::vector<checkpoint::TensorDeclaration> declarations;
  std::map<std::string, const checkpoint::FoundWeight*> by_name;
  for (const checkpoint::FoundWeight& one : found) {
    const auto location = checkpoint::locate(one.id, shape, checkpoint::ExpertLayout::separate);
    if (!location.rows.in_order() || location.transform != model::Transform::none) {
      throw Unsupported(
          concat(base, ": '", location.name, "' is not stored as it is computed: such models can't be merged"));
    }
    // All tensors of the adapter have to be of some matrix, before anything is written.
    if (location.shape.size() == 2) {
      file.has_adapter(location.name, location.shape[0], location.shape[1]);
      file.has_whole(location.name, location.shape[0], location.shape[1]);
    }
    declarations.push_back({.name = location.name, .dtype = checkpoint::DType::f32, .shape = location.shape});
    by_name[location.name] = &one;
  }
  file.check_all_known();
  checkpoint::CheckpointWriter writer(to, std::move(declarations), max_shard_bytes);
  std::uint64_t total = 0;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) total += tensor.bytes;
  progress.begin("merging", total, ProgressUnit::bytes);
  std::uint64_t done = 0;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) {
    std::vector<float> values(static_cast<std::size_t>(tensor.elements));
    checkpoint::read_floats(store, *by_name.at(tensor.name), 0, values);
    if (tensor.shape.size() == 2) {
      const MatrixView<float> matrix(values.data(), static_cast<std::size_t>(tensor.shape[0]),
                                     static_cast<std::size_t>(tensor.shape[1]));
      if (file.has_whole(tensor.name, matrix.rows, matrix.cols)) file.read_whole(tensor.name, matrix);
      if (file.has_adapter(tensor.name, matrix.rows, matrix.cols)) {
        detail::add_low_rank(matrix, file.adapter(tensor.name, matrix.rows, matrix.cols));
      }
    }
    writer.write(tensor.name, {reinterpret_cast<const std::byte*>(values.data()), values.size() * sizeof(float)});
    progress.advance(done += tensor.bytes, tensor.name);
  }
  write_texts(base, shape.architecture, writer);
  writer.finish();
  progress.end();
}

}  // namespace asterism::train
