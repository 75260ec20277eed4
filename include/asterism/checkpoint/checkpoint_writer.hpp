// Writes a checkpoint folder as transformers' save_pretrained lays it out, and replaces an older one in one step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/dtype.hpp"
#include "asterism/checkpoint/safetensors_writer.hpp"
#include "asterism/checkpoint/weight_index.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/new_folder.hpp"
#include "asterism/json/json.hpp"

namespace asterism::checkpoint {

/// "model-00002-of-00041.safetensors" for `shard` 1 of `count` 41; "model.safetensors" where there is only one.
inline std::string shard_name(std::size_t shard, std::size_t count) {
  if (count == 1) return "model.safetensors";
  const auto five_digits = [](std::size_t number) {
    const std::string digits = concat(number);
    return digits.size() < 5 ? std::string(5 - digits.size(), '0') + digits : digits;
  };
  return concat("model-", five_digits(shard + 1), "-of-", five_digits(count), ".safetensors");
}

/// Divides tensors into shards of at most `max_bytes` of data in the order given; a larger tensor gets a shard of
/// its own. At least one shard, perhaps empty. InvalidArgument naming the tensor when a size exceeds 64 bits.
/// Source: huggingface_hub, `split_state_dict_into_shards_factory`.
inline std::vector<std::vector<TensorDeclaration>> split_into_shards(std::vector<TensorDeclaration> tensors,
                                                                     Bytes max_bytes) {
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

/// Writes a checkpoint folder: weights in one file, or in shards with `model.safetensors.index.json`, and texts
/// beside them. Declare all tensors, write their bytes in the order of `tensors()` in pieces of any size, add the
/// texts, `finish`. Until then everything lies in a temporary folder beside the place, which is removed when the
/// writer is destroyed unfinished; the place changes in one step (see file::NewFolder), so the disk needs room for both.
/// Files of an older checkpoint that are neither weights nor written anew are kept. One thread at a time.
class CheckpointWriter {
 public:
  /// InvalidArgument for impossible declarations; FileError when the folder can't be made or not be replaced.
  CheckpointWriter(const std::string& folder, std::vector<TensorDeclaration> declarations,
                   Bytes max_shard_bytes = 5_GB)
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

  /// The tensors in the order in which `write` expects them; `file` is the number of the shard.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// The next bytes of the tensor whose turn it is; `name` must be its name and the bytes must not exceed it, else
  /// InvalidArgument. FileError when the disk refuses them.
  void write(std::string_view name, View<const std::byte> piece) {
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

  /// A text file of the checkpoint: "config.json", "tokenizer.json". InvalidArgument when `name` is no plain name
  /// of a file, or one of the weights'.
  void write_text(std::string_view name, std::string_view text) {
    if (!detail::is_plain_file_name(name) || is_weight_file(name)) {
      throw InvalidArgument(
          concat(folder_.path(), ": '", printable(name), "' is no name for a text beside the weights"));
    }
    check_unfinished();
    file::write_text_file(concat(folder_.temporary(), "/", name), text);
  }

  /// Completes the checkpoint and puts it in its place. InvalidArgument naming the tensor that is not complete;
  /// FileError when the disk refuses. Nothing may follow.
  void finish() {
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

 private:
  void check_unfinished() const {
    if (folder_.temporary().empty()) throw InvalidArgument(concat(folder_.path(), ": is finished already"));
  }

  static bool is_weight_file(std::string_view name) {
    return name == "model.safetensors" || name == "model.safetensors.index.json" ||
           (name.starts_with("model-") && name.ends_with(".safetensors"));
  }

  void make_index() {
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

  /// Goes on to that shard, writing those between, which hold empty tensors alone.
  void open_shard(std::size_t shard) {
    while (!writer_ || open_ != shard) {
      if (writer_) {
        writer_->finish();
        ++open_;
      }
      writer_.emplace(concat(folder_.temporary(), "/", shard_name(open_, shards_.size())), shards_[open_]);
    }
  }

  std::vector<std::vector<TensorDeclaration>> shards_;
  std::vector<TensorInfo> tensors_;
  std::string index_;
  file::NewFolder folder_;
  std::optional<SafetensorsWriter> writer_;  ///< of shard `open_`
  std::size_t open_ = 0;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace asterism::checkpoint
