// Named tensors in open files: what the stores of all formats have in common.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

/// The tensors of a checkpoint, read on demand; the base of its stores, which open the files. Immutable once opened and
/// movable; const members may be called from several threads. If a file becomes shorter later, reading the lost part
/// throws FileError.
class TensorFiles {
 public:
  /// All tensors, by file and then by offset: the order in which reading is sequential.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// The tensor of that name, or nullptr.
  const TensorInfo* find(std::string_view name) const;

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

 protected:
  TensorFiles() = default;
  TensorFiles(const TensorFiles&) = delete;
  TensorFiles(TensorFiles&&) = default;
  TensorFiles& operator=(const TensorFiles&) = delete;
  TensorFiles& operator=(TensorFiles&&) = default;
  ~TensorFiles() = default;

  /// Takes a file with its tensors, whose `file` is set here.
  void add(file::InputFile file, std::vector<TensorInfo> tensors);
  /// Makes `find` work. FormatError for a tensor that stands in two files.
  void index_names();
  /// The index of a tensor among all.
  std::size_t number(const TensorInfo& tensor) const {
    return static_cast<std::size_t>(&tensor - tensors_.data());
  }

 private:
  std::vector<file::InputFile> files_;
  std::vector<TensorInfo> tensors_;
  std::vector<std::size_t> by_name_;  ///< indices into `tensors_`, sorted by name
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/tensor_files_impl.hpp"
#endif
