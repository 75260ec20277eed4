// Writes GGUF files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/keys.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/quant/block_codec.hpp"

namespace asterism::checkpoint {

/// A tensor of a new GGUF file, row-major: elements of `dtype`, or blocks of ggml.
struct GgufDeclaration {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::uint64_t> shape;
  const quant::BlockCodec* blocks = nullptr;  ///< in the place of `dtype`
};

/// Writes one GGUF file, version 3. Declare all tensors, write each one's bytes in the order of `tensors()` in pieces
/// of any size, then call `finish`. Until then the file has a temporary name in the same folder; the destructor removes
/// an unfinished one. Needs no memory for the weights. Not thread-safe. Source: ggml, docs/gguf.md.
class GgufWriter {
 public:
  /// Reserves the space on disk. Sizes of dtypes are those of ggml's plain types. InvalidArgument for a name that is
  /// empty, longer than 64 bytes or there twice, more than four sizes, a dtype that the format lacks, or rows that are
  /// not whole blocks; FileError naming the path if the file can't be created or the disk lacks the space.
  GgufWriter(const std::string& path, const GgufKeys& keys, const std::vector<GgufDeclaration>& declarations);

  /// The tensors in the order in which `write` expects them: that of the declarations. `dtype` is u8 for blocks.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  /// Writes the next bytes of the current tensor; InvalidArgument if `name` is not its name or the bytes exceed it.
  /// FileError if the disk refuses them.
  void write(std::string_view name, View<const std::byte> piece);

  /// Makes the file durable and renames it to its final name, replacing an older one atomically. InvalidArgument if
  /// tensors are not complete; FileError if the disk refuses.
  void finish();

 private:
  /// Ends the tensors that have all their bytes, with the padding behind each.
  void end_complete();

  std::vector<TensorInfo> tensors_;
  std::string header_;
  file::NewFile file_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/writer_impl.hpp"
#endif
