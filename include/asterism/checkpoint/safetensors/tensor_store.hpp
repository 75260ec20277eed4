// A Hugging Face checkpoint folder: one safetensors file, or shards with an index, as one set of named tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/weight_index.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

/// The tensors of a checkpoint folder: opening reads headers; weights are read on demand. The folder holds
/// `model.safetensors`, or `model.safetensors.index.json` and the shards that it names. Opening checks every
/// header, that shards are in the folder itself, and that index and shards agree tensor by tensor. Immutable and
/// movable; const members may be called from several threads. If a file becomes shorter later, reading the lost
/// part throws FileError.
/// Source: the layout written by transformers' `save_pretrained`.
class TensorStore {
 public:
  /// FileError if there is no such folder, no weights in it, or a file can't be read; FormatError or Unsupported
  /// if a file breaks its format or files disagree.
  explicit TensorStore(const std::string& folder);

  const std::string& folder() const { return folder_; }

  /// All tensors, by file and then by offset: the order in which reading is sequential.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// The tensor of that name, or nullptr.
  const TensorInfo* find(std::string_view name) const;

  /// The tensor of that name. FormatError naming the folder if there is none.
  const TensorInfo& at(std::string_view name) const;

  /// Path of the file that holds `tensor`.
  const std::string& file_of(const TensorInfo& tensor) const { return files_[tensor.file].path(); }

  /// "FOLDER/model.safetensors: tensor 'NAME'": the beginning of messages.
  std::string describe(const TensorInfo& tensor) const;

  /// The stored bytes of a small tensor.
  std::vector<std::byte> bytes(const TensorInfo& tensor) const;

  /// The location of the stored bytes, for reading them in pieces; valid as long as the store.
  file::StoredBytes stored(const TensorInfo& tensor) const;

  /// Advises that the tensor is not needed again soon; it can still be read.
  void release(const TensorInfo& tensor) const;

  /// Advises that the files will be read from the first tensor to the last.
  void advise_sequential() const;

  /// Elements [first, first + out.size) of an F32, F16 or BF16 tensor, exactly. Does not allocate on success.
  /// InvalidArgument if the range exceeds the tensor; Unsupported for another dtype; FormatError naming the
  /// element if one is NaN or infinite.
  void read_floats(const TensorInfo& tensor, std::uint64_t first, View<float> out) const;

 private:
  static constexpr std::string_view single_name = "model.safetensors";
  static constexpr std::string_view index_name = "model.safetensors.index.json";

  std::string path_of(std::string_view name) const;
  bool is_dangling(std::string_view name) const;
  /// Other weight files that the folder may have instead of safetensors, and what to do then.
  std::string hint() const;
  void open_file(const std::string& name);
  void open_shards(const std::string& index_path);
  /// Checks that index and files hold the same names, each in the file given by the index; both are already free
  /// of duplicates.
  void check_index(const std::string& index_path);

  std::string folder_;
  std::vector<file::InputFile> files_;
  std::vector<TensorInfo> tensors_;
  std::vector<std::size_t> by_name_;  ///< indices into `tensors_`, sorted by name
  WeightIndex index_;                 ///< only while opening
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/safetensors/tensor_store_impl.hpp"
#endif
