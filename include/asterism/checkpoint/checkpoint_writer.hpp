// Writes a checkpoint folder as transformers' save_pretrained lays it out, and replaces an older one in one step.
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

/// "model-00002-of-00041.safetensors" for `shard` 1 of `count` 41; "model.safetensors" where there is only one.
std::string shard_name(std::size_t shard, std::size_t count);

/// Divides tensors into shards of at most `max_bytes` of data in the order given; a larger tensor gets a shard of
/// its own. At least one shard, perhaps empty. InvalidArgument naming the tensor when a size exceeds 64 bits.
/// Source: huggingface_hub, `split_state_dict_into_shards_factory`.
std::vector<std::vector<TensorDeclaration>> split_into_shards(std::vector<TensorDeclaration> tensors,
                                                              Bytes max_bytes);

/// Writes a checkpoint folder: weights in one file, or in shards with `model.safetensors.index.json`, and texts
/// beside them. Declare all tensors, write their bytes in the order of `tensors()` in pieces of any size, add the
/// texts, `finish`. Until then everything lies in a temporary folder beside the place, which is removed when the
/// writer is destroyed unfinished; the place changes in one step (see file::NewFolder), so the disk needs room for both.
/// Files of an older checkpoint that are neither weights nor written anew are kept. One thread at a time.
class CheckpointWriter {
 public:
  /// InvalidArgument for impossible declarations; FileError when the folder can't be made or not be replaced.
  CheckpointWriter(const std::string& folder, std::vector<TensorDeclaration> declarations,
                   Bytes max_shard_bytes = 5_GB);

  /// The tensors in the order in which `write` expects them; `file` is the number of the shard.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// Unfinished folders of writers that were killed, which have been removed.
  const std::vector<std::string>& removed() const { return folder_.removed(); }

  /// The next bytes of the tensor whose turn it is; `name` must be its name and the bytes must not exceed it, else
  /// InvalidArgument. FileError when the disk refuses them.
  void write(std::string_view name, View<const std::byte> piece);

  /// A text file of the checkpoint: "config.json", "tokenizer.json". InvalidArgument when `name` is no plain name
  /// of a file, or one of the weights'.
  void write_text(std::string_view name, std::string_view text);

  /// Completes the checkpoint and puts it in its place. InvalidArgument naming the tensor that is not complete;
  /// FileError when the disk refuses. Nothing may follow.
  void finish();

 private:
  void check_unfinished() const;
  static bool is_weight_file(std::string_view name);
  void make_index();
  /// Goes on to that shard, writing those between, which hold empty tensors alone.
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
