// A Hugging Face checkpoint folder: one safetensors file, or shards with an index, as one set of named tensors.
#pragma once

#include <string>
#include <string_view>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/weight_index.hpp"
#include "asterism/checkpoint/tensor_files.hpp"
#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// The tensors of a checkpoint folder: opening reads headers; weights are read on demand. The folder holds
/// `model.safetensors`, or `model.safetensors.index.json` and the shards that it names. Opening checks every
/// header, that shards are in the folder itself, and that index and shards agree tensor by tensor. Models WeightStore.
/// Source: the layout written by transformers' `save_pretrained`.
class TensorStore : public TensorFiles {
 public:
  /// FileError if there is no such folder, no weights in it, or a file can't be read; FormatError or Unsupported
  /// if a file breaks its format or files disagree.
  explicit TensorStore(const std::string& folder);

  const std::string& folder() const { return folder_; }

  /// The tensor of that name. FormatError naming the folder if there is none.
  const TensorInfo& at(std::string_view name) const;

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
  WeightIndex index_;  ///< only while opening
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/safetensors/tensor_store_impl.hpp"
#endif
