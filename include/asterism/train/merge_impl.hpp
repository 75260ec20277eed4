// Bodies of merge.hpp.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <set>
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
inline void add_low_rank(MatrixView<float> weight, MatrixView<const float> a, MatrixView<const float> b,
                         float scale) {
  for (std::size_t i = 0; i < weight.rows; ++i) {
    for (std::size_t r = 0; r < a.rows; ++r) {
      const float by = scale * b(i, r);
      for (std::size_t c = 0; c < weight.cols; ++c) weight(i, c) += by * a(r, c);
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
  const checkpoint::PeftConfig peft = checkpoint::read_peft_config(adapter);
  const auto rank = static_cast<double>(peft.rank);
  const auto scale =
      static_cast<float>(static_cast<double>(peft.alpha) / (peft.rank_stabilised ? std::sqrt(rank) : rank));
  checkpoint::PeftFile file(adapter);
  std::set<std::string> known;  // what all tensors of the adapter have to be of, before anything is written
  std::vector<checkpoint::TensorDeclaration> declarations;
  std::map<std::string, const checkpoint::FoundWeight*> by_name;
  for (const checkpoint::FoundWeight& one : found) {
    const auto location = checkpoint::locate(one.id, shape, checkpoint::ExpertLayout::separate);
    if (!location.rows.in_order() || location.transform != model::Transform::none) {
      throw Unsupported(
          concat(base, ": '", location.name, "' is not stored as it is computed: such models can't be merged"));
    }
    if (location.shape.size() == 2) {
      const std::string a_name = checkpoint::peft_name(location.name, "lora_A");
      const std::string b_name = checkpoint::peft_name(location.name, "lora_B");
      if (file.has(a_name)) {
        file.check_shape(a_name, static_cast<std::uint64_t>(peft.rank), location.shape[1]);
        file.check_shape(b_name, location.shape[0], static_cast<std::uint64_t>(peft.rank));
        known.insert({a_name, b_name});
      }
    }
    declarations.push_back({.name = location.name, .dtype = checkpoint::DType::f32, .shape = location.shape});
    by_name[location.name] = &one;
  }
  for (const std::string& name : file.names()) {
    if (known.contains(name)) continue;
    throw FormatError(concat(file.path(), ": tensor '", printable(name), "' belongs to no matrix of ", base));
  }
  checkpoint::CheckpointWriter writer(to, std::move(declarations), max_shard_bytes);
  std::uint64_t total = 0;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) total += tensor.bytes;
  progress.begin("merging", total, ProgressUnit::bytes);
  std::uint64_t done = 0;
  for (const checkpoint::TensorInfo& tensor : writer.tensors()) {
    std::vector<float> values(static_cast<std::size_t>(tensor.elements));
    checkpoint::read_floats(store, *by_name.at(tensor.name), 0, values);
    const std::string a_name = checkpoint::peft_name(tensor.name, "lora_A");
    if (known.contains(a_name)) {
      const auto rows = static_cast<std::size_t>(tensor.shape[0]);
      const auto cols = static_cast<std::size_t>(tensor.shape[1]);
      const auto narrow = static_cast<std::size_t>(peft.rank);
      std::vector<float> a(narrow * cols);
      std::vector<float> b(rows * narrow);
      file.read({.name = a_name, .values = {a.data(), narrow, cols}});
      file.read({.name = checkpoint::peft_name(tensor.name, "lora_B"), .values = {b.data(), rows, narrow}});
      detail::add_low_rank({values.data(), rows, cols}, MatrixView<const float>(a.data(), narrow, cols),
                           MatrixView<const float>(b.data(), rows, narrow), scale);
    }
    writer.write(tensor.name, {reinterpret_cast<const std::byte*>(values.data()), values.size() * sizeof(float)});
    progress.advance(done += tensor.bytes, tensor.name);
  }
  write_texts(base, shape.architecture, writer);
  writer.finish();
  progress.end();
}

}  // namespace asterism::train
