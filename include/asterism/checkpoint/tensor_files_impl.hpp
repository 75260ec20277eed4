// Bodies of tensor_files.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/safetensors/float_bits.hpp"
#include "asterism/checkpoint/tensor_files.hpp"
#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE const TensorInfo* TensorFiles::find(std::string_view name) const {
  const auto place = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                      [&](std::size_t i, std::string_view key) { return tensors_[i].name < key; });
  return place != by_name_.end() && tensors_[*place].name == name ? &tensors_[*place] : nullptr;
}

ASTERISM_INLINE std::string TensorFiles::describe(const TensorInfo& tensor) const {
  return concat(file_of(tensor), ": tensor '", printable(tensor.name), "'");
}

ASTERISM_INLINE std::vector<std::byte> TensorFiles::bytes(const TensorInfo& tensor) const {
  std::vector<std::byte> out(static_cast<std::size_t>(tensor.bytes));
  stored(tensor).read(0, out);
  return out;
}

ASTERISM_INLINE file::StoredBytes TensorFiles::stored(const TensorInfo& tensor) const {
  return {files_[tensor.file], tensor.offset, tensor.bytes};
}

ASTERISM_INLINE void TensorFiles::release(const TensorInfo& tensor) const {
  files_[tensor.file].discard(tensor.offset, tensor.bytes);
}

ASTERISM_INLINE void TensorFiles::advise_sequential() const {
  for (const file::InputFile& file : files_) file.advise_sequential();
}

ASTERISM_INLINE void TensorFiles::read_floats(const TensorInfo& tensor, std::uint64_t first,
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

ASTERISM_INLINE void TensorFiles::add(file::InputFile file, std::vector<TensorInfo> tensors) {
  for (TensorInfo& tensor : tensors) {
    tensor.file = static_cast<std::uint32_t>(files_.size());
    tensors_.push_back(std::move(tensor));
  }
  files_.push_back(std::move(file));
}

ASTERISM_INLINE void TensorFiles::index_names() {
  by_name_ =
      argsort(tensors_.size(), [&](std::size_t a, std::size_t b) { return tensors_[a].name < tensors_[b].name; });
  for (std::size_t i = 1; i < by_name_.size(); ++i) {
    const TensorInfo& a = tensors_[by_name_[i - 1]];
    const TensorInfo& b = tensors_[by_name_[i]];
    if (a.name != b.name) continue;
    throw FormatError(concat(file_of(b), ": tensor '", printable(b.name), "' stands in ", file_of(a), " too"));
  }
}

}  // namespace asterism::checkpoint
