// Bodies of checkpoint_writer.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/checkpoint_writer.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/weight_index.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::string shard_name(std::size_t shard, std::size_t count) {
  if (count == 1) return "model.safetensors";
  const auto five_digits = [](std::size_t number) {
    const std::string digits = concat(number);
    return digits.size() < 5 ? std::string(5 - digits.size(), '0') + digits : digits;
  };
  return concat("model-", five_digits(shard + 1), "-of-", five_digits(count), ".safetensors");
}

ASTERISM_INLINE std::vector<std::vector<TensorDeclaration>> split_into_shards(
    std::vector<TensorDeclaration> tensors, Bytes max_bytes) {
  std::vector<std::vector<TensorDeclaration>> shards;
  std::vector<TensorDeclaration> current;
  std::uint64_t current_bytes = 0;
  for (TensorDeclaration& tensor : tensors) {
    const auto elements = element_count(tensor.shape);
    std::uint64_t bytes = 0;
    if (!elements || __builtin_mul_overflow(*elements, dtype_size(tensor.dtype), &bytes)) {
      throw InvalidArgument(
          concat("tensor '", printable(tensor.name), "' of shape ", shape_text(tensor.shape), " exceeds 64 bits"));
    }
    if (bytes > max_bytes.count) {
      shards.emplace_back();
      shards.back().push_back(std::move(tensor));
      continue;
    }
    if (bytes > max_bytes.count - current_bytes) {
      shards.push_back(std::exchange(current, {}));
      current_bytes = 0;
    }
    current_bytes += bytes;
    current.push_back(std::move(tensor));
  }
  if (!current.empty() || shards.empty()) shards.push_back(std::move(current));
  return shards;
}

ASTERISM_INLINE CheckpointWriter::CheckpointWriter(const std::string& folder,
                                                   std::vector<TensorDeclaration> declarations,
                                                   Bytes max_shard_bytes)
    : shards_(split_into_shards(std::move(declarations), max_shard_bytes)), folder_(folder) {
  for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
    for (TensorInfo& tensor : safetensors_layout(shards_[shard]).tensors) {
      tensor.file = static_cast<std::uint32_t>(shard);
      tensors_.push_back(std::move(tensor));
    }
  }
  make_index();
  while (current_ < tensors_.size() && tensors_[current_].bytes == 0) ++current_;
}

ASTERISM_INLINE void CheckpointWriter::write(std::string_view name, View<const std::byte> piece) {
  if (piece.empty()) return;
  if (current_ == tensors_.size()) {
    throw InvalidArgument(concat(folder_.path(), ": tensor '", printable(name), "' after the last one"));
  }
  open_shard(tensors_[current_].file);
  writer_->write(name, piece);
  written_ += piece.size;
  if (written_ < tensors_[current_].bytes) return;
  written_ = 0;
  do ++current_;
  while (current_ < tensors_.size() && tensors_[current_].bytes == 0);
}

ASTERISM_INLINE void CheckpointWriter::write_text(std::string_view name, std::string_view text) {
  if (!is_plain_file_name(name) || is_weight_file(name)) {
    throw InvalidArgument(
        concat(folder_.path(), ": '", printable(name), "' is no name for a text beside the weights"));
  }
  check_unfinished();
  file::write_text_file(concat(folder_.temporary(), "/", name), text);
}

ASTERISM_INLINE void CheckpointWriter::finish() {
  check_unfinished();
  if (current_ != tensors_.size()) {
    throw InvalidArgument(concat(folder_.path(), ": tensor '", printable(tensors_[current_].name), "' lacks ",
                                 tensors_[current_].bytes - written_, " bytes"));
  }
  open_shard(shards_.size() - 1);
  writer_->finish();
  writer_.reset();
  if (shards_.size() > 1) file::write_text_file(folder_.temporary() + "/model.safetensors.index.json", index_);
  folder_.finish(is_weight_file);
}

ASTERISM_INLINE void CheckpointWriter::check_unfinished() const {
  if (folder_.temporary().empty()) throw InvalidArgument(concat(folder_.path(), ": is finished already"));
}

ASTERISM_INLINE bool CheckpointWriter::is_weight_file(std::string_view name) {
  return name == "model.safetensors" || name == "model.safetensors.index.json" ||
         (name.starts_with("model-") && name.ends_with(".safetensors"));
}

ASTERISM_INLINE void CheckpointWriter::make_index() {
  if (shards_.size() == 1) return;
  json::Value map = json::Value::object();
  std::uint64_t total = 0;
  for (const TensorInfo& tensor : tensors_) {
    if (map.contains(tensor.name)) {
      throw InvalidArgument(concat("tensor '", printable(tensor.name), "' is declared twice"));
    }
    map[tensor.name] = shard_name(tensor.file, shards_.size());
    total += tensor.bytes;
  }
  const json::Value index = {{"metadata", {{"total_size", total}}}, {"weight_map", std::move(map)}};
  index_ = index.dump(2, ' ', true) + "\n";
}

ASTERISM_INLINE void CheckpointWriter::open_shard(std::size_t shard) {
  while (!writer_ || open_ != shard) {
    if (writer_) {
      writer_->finish();
      ++open_;
    }
    writer_.emplace(concat(folder_.temporary(), "/", shard_name(open_, shards_.size())), shards_[open_]);
  }
}

}  // namespace asterism::checkpoint
