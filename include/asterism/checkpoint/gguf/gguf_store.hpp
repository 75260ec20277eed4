// A GGUF file, or all parts of a split one, as one set of named tensors with metadata.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/checkpoint/gguf/ggml_type.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/checkpoint/tensor_files.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/block_codec.hpp"

namespace asterism::checkpoint {

/// The tensors of a GGUF file: opening reads headers; weights are read on demand. Of a model that is split over files
/// NAME-00001-of-00003.gguf any one is given: all are opened, and have to agree about what they are parts of. Shapes
/// are row-major, the reverse of the file's. Models WeightStore. Source: ggml, docs/gguf.md; llama.cpp,
/// `llama_split_path` and the keys `split.*`.
class GgufStore : public TensorFiles {
 public:
  /// FileError if a part is missing or can't be read; FormatError or Unsupported if one breaks the format or belongs to
  /// another model.
  explicit GgufStore(const std::string& path);

  /// The file that was given.
  const std::string& path() const { return path_; }
  /// Of the first file, which has all keys but the parts' own.
  const GgufMetadata& metadata() const { return metadata_; }
  /// The type of one of the tensors.
  const GgmlType& type_of(const TensorInfo& tensor) const { return *types_[number(tensor)]; }
  /// The blocks of one of the tensors; nullptr where its elements are plain, or no format is known for its type.
  const quant::BlockCodec* blocks_of(const TensorInfo& tensor) const;

  /// As TensorFiles::read_floats; of a tensor in blocks decoded, FormatError naming a block whose scale is not finite.
  void read_floats(const TensorInfo& tensor, std::uint64_t first, View<float> out) const;

 private:
  /// Opens a file, which is part `part` of `parts`; of the first one keeps the metadata.
  void open(const std::string& path, std::size_t part, std::size_t parts);

  std::string path_;
  GgufMetadata metadata_;
  std::vector<const GgmlType*> types_;
};

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/gguf_store_impl.hpp"
#endif
