// The header of a GGUF file: its metadata and its tensors, with every rule of the format checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/gguf/ggml_type.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

/// Far above any model's number of tensors; bounds the memory that a hostile header can request.
inline constexpr std::uint64_t max_gguf_tensors = std::uint64_t{1} << 17U;
/// The format's limit on a tensor's name, and ggml's on its dimensions.
inline constexpr std::uint64_t max_gguf_name = 64;
inline constexpr std::uint32_t max_gguf_rank = 4;
inline constexpr std::uint64_t default_gguf_alignment = 32;

/// The header of one file.
struct GgufHeader {
  std::uint32_t version = 0;
  GgufMetadata metadata;
  /// In the order of the file; `file` is 0. Shapes are row-major, the reverse of the file's: the last size is that of
  /// contiguous weights. `dtype` is u8 for types of blocks.
  std::vector<TensorInfo> tensors;
  std::vector<const GgmlType*> types;  ///< of the tensors
  std::uint64_t alignment = default_gguf_alignment;
  std::uint64_t data_begin = 0;  ///< offset of the tensors' data in the file, a multiple of the alignment
};

/// Reads the header of a GGUF file, version 2 or 3, little-endian; `where` names it in messages. Touches only the
/// header's bytes. Checked: magic, version, counts and lengths against the file's size, types of values, unique keys
/// and tensors, types of tensors, sizes (overflow-checked, whole blocks in each row), `general.alignment` (a power of
/// two), offsets (aligned, inside the file, without overlap). FormatError naming byte, key or tensor; Unsupported for
/// version 1, for big-endian files and for tensor types that are not in `ggml_types`. Time O(n log n), memory a small
/// multiple of the header. Thread-safe. Source: ggml, docs/gguf.md.
GgufHeader parse_gguf(const file::StoredBytes& file, std::string_view where);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/gguf/header_impl.hpp"
#endif
