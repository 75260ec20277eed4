// The header of a safetensors file: its tensors and their offsets, with every rule of the format checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/fwd.hpp"

namespace asterism::checkpoint {

/// The format's limit on the size of the header.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;
/// Far above any framework's number of dimensions; bounds the memory that a hostile header can request.
inline constexpr std::size_t max_tensor_rank = 64;

/// Far above any writer's number of `__metadata__` entries; bounds the memory likewise.
inline constexpr std::size_t max_safetensors_metadata = 10'000;

/// The header of one file.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;                            ///< by offset; `file` is 0
  std::vector<std::pair<std::string, std::string>> metadata;  ///< `__metadata__`, in the order of the file
  std::uint64_t data_begin = 0;                               ///< offset of the byte buffer in the file
};

/// Parses the header of the safetensors file whose bytes are `file`; `where` names it in messages. Touches only
/// the header's bytes. Checked: the header's length (at most `max_safetensors_header`, inside the file), strict
/// JSON, unique names, known dtypes, bytes of each tensor == product of its shape * size of its dtype
/// (overflow-checked), tensors contiguous from the first to the last byte of the buffer. Throws FormatError, or
/// Unsupported for an unknown dtype. Time O(n log n), memory a small multiple of the header. Thread-safe.
/// Source: huggingface/safetensors, README "Format", and the rules of its reference implementation.
SafetensorsHeader parse_safetensors(View<const std::byte> file, std::string_view where);

/// The same for a file of `file_bytes` bytes whose first `safetensors_header_bytes` are in `beginning`.
SafetensorsHeader parse_safetensors(View<const std::byte> beginning, std::uint64_t file_bytes,
                                    std::string_view where);

/// Number of bytes that `parse_safetensors` needs, given the first 64 bytes of a file or the whole shorter file:
/// length and header if the length is plausible, otherwise no more than the given bytes.
std::uint64_t safetensors_header_bytes(View<const std::byte> beginning);

/// The header of an open file, of which nothing else is read. Throws as parse_safetensors, and FileError.
SafetensorsHeader read_safetensors_header(const file::InputFile& file);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/safetensors/header_impl.hpp"
#endif
