// Bodies of tensor_store.hpp.
#pragma once

#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/safetensors/weight_index.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/file/path.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE TensorStore::TensorStore(const std::string& folder) : folder_(folder) {
  while (folder_.size() > 1 && folder_.ends_with('/')) folder_.pop_back();
  switch (file::path_kind(folder_)) {
    case file::PathKind::folder:
      break;
    case file::PathKind::missing:
      throw FileError(concat(folder_, ": no such folder; expected a checkpoint's folder with config.json and ",
                             "model.safetensors"));
    default:
      throw FileError(concat(folder_, ": is no folder; give the folder that holds config.json"));
  }
  const std::string index_path = path_of(index_name);
  const bool has_single = file::path_kind(path_of(single_name)) != file::PathKind::missing;
  const bool has_index = file::path_kind(index_path) != file::PathKind::missing;
  if (has_single && has_index) {
    throw FormatError(concat(folder_, ": holds both ", single_name, " and ", index_name,
                             "; remove the one that is out of date"));
  }
  if (has_index) {
    open_shards(index_path);
  } else if (has_single || is_dangling(single_name)) {
    open_file(std::string(single_name));
  } else {
    throw FileError(concat(folder_, ": holds neither ", single_name, " nor ", index_name, hint()));
  }
  index_names();
  if (has_index) check_index(index_path);
}

ASTERISM_INLINE const TensorInfo& TensorStore::at(std::string_view name) const {
  const TensorInfo* tensor = find(name);
  if (tensor != nullptr) return *tensor;
  throw FormatError(concat(folder_, ": tensor '", printable(name), "' is missing among the ", tensors().size(),
                           " of the checkpoint"));
}

ASTERISM_INLINE std::string TensorStore::path_of(std::string_view name) const {
  return concat(folder_, "/", name);
}

ASTERISM_INLINE bool TensorStore::is_dangling(std::string_view name) const {
  struct stat status = {};
  return ::lstat(path_of(name).c_str(), &status) == 0;
}

ASTERISM_INLINE std::string TensorStore::hint() const {
  for (const std::string_view name :
       {"pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.00.pth", "adapter_model.safetensors"}) {
    if (file::path_kind(path_of(name)) == file::PathKind::missing) continue;
    return concat(
        " but ", name,
        ", which is not read; save the model with transformers' save_pretrained, which writes safetensors");
  }
  return "; give the folder of a complete checkpoint";
}

ASTERISM_INLINE void TensorStore::open_file(const std::string& name) {
  file::InputFile file(path_of(name));
  SafetensorsHeader header = read_safetensors_header(file);
  add(std::move(file), std::move(header.tensors));
}

ASTERISM_INLINE void TensorStore::open_shards(const std::string& index_path) {
  index_ = parse_weight_index(file::read_file(index_path, max_weight_index), index_path);
  for (const std::string& shard : index_.files) {
    if (file::path_kind(path_of(shard)) == file::PathKind::missing && !is_dangling(shard)) {
      throw FileError(concat(index_path, ": names the shard ", printable(shard),
                             ", which is missing in the folder; download it"));
    }
    open_file(shard);
  }
}

ASTERISM_INLINE void TensorStore::check_index(const std::string& index_path) {
  for (const WeightIndex::Entry& entry : index_.entries) {
    const TensorInfo* tensor = find(entry.tensor);
    if (tensor == nullptr) {
      throw FormatError(concat(index_path, ": tensor '", printable(entry.tensor), "' is not in its shard ",
                               printable(index_.files[entry.file])));
    }
    if (tensor->file != entry.file) {
      throw FormatError(concat(index_path, ": tensor '", printable(entry.tensor), "' should be in ",
                               printable(index_.files[entry.file]), " and is in ",
                               printable(index_.files[tensor->file])));
    }
  }
  if (index_.entries.size() != tensors().size()) {
    for (const TensorInfo& tensor : tensors()) {
      if (!index_.contains(tensor.name)) {
        throw FormatError(concat(describe(tensor), " is not in ", index_path));
      }
    }
  }
  index_ = {};
}

}  // namespace asterism::checkpoint
