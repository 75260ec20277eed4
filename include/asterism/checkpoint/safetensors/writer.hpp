// Writes a safetensors file tensor by tensor, byte for byte as the reference writer does; it appears under its
// name only when complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/new_file.hpp"

namespace asterism::checkpoint {

/// A tensor to be written.
struct TensorDeclaration {
  std::string name;  ///< UTF-8, unique in the file, not "__metadata__"
  DType dtype = DType::f32;
  std::vector<std::uint64_t> shape;
};

/// The layout of a new file.
struct SafetensorsLayout {
  std::string header;               ///< length, JSON and padding: the first bytes of the file
  std::vector<TensorInfo> tensors;  ///< in file order
  std::uint64_t file_bytes = 0;     ///< header plus data
};

/// Orders the tensors by descending dtype, then by name, and writes the header with `__metadata__`
/// {"format":"pt"}, padded with blanks to a multiple of 8 bytes. InvalidArgument naming the tensor if a name is
/// used twice, reserved or not UTF-8, or a size exceeds 64 bits; also if the header exceeds the format's limit.
/// Source: huggingface/safetensors, `prepare` and `serialize` of the reference implementation.
SafetensorsLayout safetensors_layout(std::vector<TensorDeclaration> declarations);

/// Writes one file. Declare all tensors, write each one's bytes in the order of `tensors()` in pieces of any size,
/// then call `finish`. Until then the file has a temporary name in the same folder; the destructor removes an
/// unfinished one. Needs no memory for the weights. Not thread-safe.
class SafetensorsWriter {
 public:
  /// Reserves the space on disk. InvalidArgument for impossible declarations; FileError naming the path if the
  /// file can't be created or the disk lacks the space.
  SafetensorsWriter(const std::string& path, std::vector<TensorDeclaration> declarations);

  /// The tensors in the order in which `write` expects them.
  const std::vector<TensorInfo>& tensors() const { return layout_.tensors; }

  /// Writes the next bytes of the current tensor; InvalidArgument if `name` is not its name or the bytes exceed
  /// it. FileError if the disk refuses them.
  void write(std::string_view name, View<const std::byte> piece);

  /// Makes the file durable and renames it to its final name, replacing an older one atomically. InvalidArgument
  /// if tensors are not complete; FileError if the disk refuses.
  void finish();

 private:
  void skip_empty();

  SafetensorsLayout layout_;
  file::NewFile file_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/safetensors/writer_impl.hpp"
#endif
