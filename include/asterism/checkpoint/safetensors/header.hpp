// The header of a safetensors file: which tensors it holds and where, with every rule of the format checked.
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

namespace asterism::checkpoint {

/// The format's limit on the header.
inline constexpr std::uint64_t max_safetensors_header = 100'000'000;
/// More dimensions than any framework has; bounds the memory that a hostile header can ask for.
inline constexpr std::size_t max_tensor_rank = 64;

/// More entries of `__metadata__` than any writer has; bounds the memory likewise.
inline constexpr std::size_t max_safetensors_metadata = 10'000;

/// What the header of one file says.
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;                            ///< by offset; `file` is 0
  std::vector<std::pair<std::string, std::string>> metadata;  ///< `__metadata__`, in the order of the file
  std::uint64_t data_begin = 0;                               ///< offset of the byte buffer in the file
};

/// The header of the safetensors file whose bytes are `file`; `where` names it in messages. Touches the header's
/// bytes only. Checked: the header's length (at most `max_safetensors_header`, inside the file), strict JSON,
/// names unique, dtypes known, bytes of each tensor == product of its shape * size of its dtype
/// (overflow-checked), tensors contiguous from the first to the last byte of the buffer. Throws FormatError, or
/// Unsupported for an unknown dtype. Time O(n log n) and memory of a small multiple of the header. Thread-safe.
/// Source: huggingface/safetensors, README "Format", and the rules of its reference implementation.
SafetensorsHeader parse_safetensors(View<const std::byte> file, std::string_view where);

/// The same for a file of `file_bytes` bytes of which `beginning` holds the first `safetensors_header_bytes`.
SafetensorsHeader parse_safetensors(View<const std::byte> beginning, std::uint64_t file_bytes,
                                    std::string_view where);

/// How many bytes of a file `parse_safetensors` needs, by the first 64 of them or all that there are: the length and
/// the header where the length may be one, else no more than these.
std::uint64_t safetensors_header_bytes(View<const std::byte> beginning);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/safetensors/header_impl.hpp"
#endif
