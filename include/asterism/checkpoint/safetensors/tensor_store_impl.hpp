// Bodies of tensor_store.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/float_bits.hpp"
#include "asterism/checkpoint/safetensors/header.hpp"
#include "asterism/checkpoint/safetensors/tensor_store.hpp"
#include "asterism/checkpoint/safetensors/weight_index.hpp"
#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
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
  by_name_ =
      argsort(tensors_.size(), [&](std::size_t a, std::size_t b) { return tensors_[a].name < tensors_[b].name; });
  for (std::size_t i = 1; i < by_name_.size(); ++i) {
    const TensorInfo& a = tensors_[by_name_[i - 1]];
    const TensorInfo& b = tensors_[by_name_[i]];
    if (a.name != b.name) continue;
    throw FormatError(concat(file_of(b), ": tensor '", printable(b.name), "' stands in ", file_of(a), " too"));
  }
  if (has_index) check_index(index_path);
}

ASTERISM_INLINE const TensorInfo* TensorStore::find(std::string_view name) const {
  const auto place = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                      [&](std::size_t i, std::string_view key) { return tensors_[i].name < key; });
  return place != by_name_.end() && tensors_[*place].name == name ? &tensors_[*place] : nullptr;
}

ASTERISM_INLINE const TensorInfo& TensorStore::at(std::string_view name) const {
  const TensorInfo* tensor = find(name);
  if (tensor != nullptr) return *tensor;
  throw FormatError(concat(folder_, ": tensor '", printable(name), "' is missing among the ", tensors_.size(),
                           " of the checkpoint"));
}

ASTERISM_INLINE std::string TensorStore::describe(const TensorInfo& tensor) const {
  return concat(file_of(tensor), ": tensor '", printable(tensor.name), "'");
}

ASTERISM_INLINE std::vector<std::byte> TensorStore::bytes(const TensorInfo& tensor) const {
  std::vector<std::byte> out(static_cast<std::size_t>(tensor.bytes));
  stored(tensor).read(0, out);
  return out;
}

ASTERISM_INLINE file::StoredBytes TensorStore::stored(const TensorInfo& tensor) const {
  return {files_[tensor.file], tensor.offset, tensor.bytes};
}

ASTERISM_INLINE void TensorStore::release(const TensorInfo& tensor) const {
  files_[tensor.file].discard(tensor.offset, tensor.bytes);
}

ASTERISM_INLINE void TensorStore::advise_sequential() const {
  for (const file::InputFile& file : files_) file.advise_sequential();
}

ASTERISM_INLINE void TensorStore::read_floats(const TensorInfo& tensor, std::uint64_t first,
                                              View<float> out) const {
  if (first > tensor.elements || out.size > tensor.elements - first) {
    throw InvalidArgument(
        concat(describe(tensor), ": elements ", first, " + ", out.size, " asked for, it has ", tensor.elements));
  }
  const file::StoredBytes source = stored(tensor);
  const std::uint64_t size = dtype_size(tensor.dtype);
  std::array<std::byte, 1U << 15U> piece;  // stays in the first cache level
  const std::size_t at_a_time = piece.size() / static_cast<std::size_t>(size);
  for (std::size_t done = 0; done < out.size; done += at_a_time) {
    const std::size_t count = std::min(at_a_time, out.size - done);
    source.read((first + done) * size, {piece.data(), count * static_cast<std::size_t>(size)});
    to_floats(
        tensor.dtype, piece.data(), out.subview(done, count), [&] { return describe(tensor); }, first + done);
  }
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
  for (TensorInfo& tensor : header.tensors) {
    tensor.file = static_cast<std::uint32_t>(files_.size());
    tensors_.push_back(std::move(tensor));
  }
  files_.push_back(std::move(file));
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
  if (index_.entries.size() != tensors_.size()) {
    for (const TensorInfo& tensor : tensors_) {
      if (!index_.contains(tensor.name)) {
        throw FormatError(concat(describe(tensor), " is not in ", index_path));
      }
    }
  }
  index_ = {};
}

}  // namespace asterism::checkpoint
