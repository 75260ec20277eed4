// Writes a checkpoint folder in the layout of transformers' save_pretrained, replacing an older one in one step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/writer.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/new_folder.hpp"

namespace asterism::checkpoint {

/// "model-00002-of-00041.safetensors" for `shard` 1 of `count` 41; "model.safetensors" if there is only one.
std::string shard_name(std::size_t shard, std::size_t count);

/// Divides tensors into shards of at most `max_bytes` of data in the given order; a larger tensor gets a shard of
/// its own. Returns at least one shard, possibly empty. InvalidArgument naming the tensor if a size exceeds 64
/// bits.
/// Source: huggingface_hub, `split_state_dict_into_shards_factory`.
std::vector<std::vector<TensorDeclaration>> split_into_shards(std::vector<TensorDeclaration> tensors,
                                                              Bytes max_bytes);

/// Writes a checkpoint folder: weights in one file, or in shards with `model.safetensors.index.json`, and text
/// files. Declare all tensors, write their bytes in the order of `tensors()` in pieces of any size, add the texts,
/// call `finish`. Until then everything is in a temporary folder next to the final one, which the destructor
/// removes if unfinished; the final folder is replaced in one step (see file::NewFolder), so the disk needs room
/// for both. Files of an older checkpoint that are neither weights nor rewritten are kept. Not thread-safe.
class CheckpointWriter {
 public:
  /// InvalidArgument for impossible declarations; FileError if the folder can't be created or replaced.
  CheckpointWriter(const std::string& folder, std::vector<TensorDeclaration> declarations,
                   Bytes max_shard_bytes = 5_GB);

  /// The tensors in the order in which `write` expects them; `file` is the number of the shard.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// Leftover temporary folders of killed writers that were removed.
  const std::vector<std::string>& removed() const { return folder_.removed(); }

  /// Writes the next bytes of the current tensor; InvalidArgument if `name` is not its name or the bytes exceed
  /// it. FileError if the disk refuses them.
  void write(std::string_view name, View<const std::byte> piece);

  /// Writes a text file of the checkpoint: "config.json", "tokenizer.json". InvalidArgument if `name` is not a
  /// plain file name, or is one of the weight files'.
  void write_text(std::string_view name, std::string_view text);

  /// The folder that holds everything until `finish`, for files of other kinds beside the checkpoint's.
  const std::string& temporary() const { return folder_.temporary(); }

  /// Completes the checkpoint and moves it to its final place. InvalidArgument naming a tensor that is not
  /// complete; FileError if the disk refuses. No calls may follow.
  void finish();

 private:
  void check_unfinished() const;
  static bool is_weight_file(std::string_view name);
  void make_index();
  /// Advances to that shard, writing those between, which hold only empty tensors.
  void open_shard(std::size_t shard);

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

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/checkpoint_writer_impl.hpp"
#endif
