// Bodies of header.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/cursor.hpp"
#include "asterism/checkpoint/gguf/ggml_type.hpp"
#include "asterism/checkpoint/gguf/header.hpp"
#include "asterism/checkpoint/gguf/metadata.hpp"
#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

namespace detail {

/// Reads magic and version.
ASTERISM_INLINE std::uint32_t read_gguf_version(GgufCursor& cursor, const file::StoredBytes& file,
                                                std::string_view where) {
  std::string beginning(static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), 32)), '\0');
  file.read(0, {reinterpret_cast<std::byte*>(beginning.data()), beginning.size()});
  if (beginning.starts_with("version https://git-lfs")) {
    throw FormatError(concat(where, ": is a Git LFS pointer, not the weights; run `git lfs pull` in its folder"));
  }
  if (!beginning.starts_with("GGUF")) {
    throw FormatError(concat(where, ": begins with '", printable(beginning.substr(0, 4)),
                             "', expected 'GGUF': no GGUF file; of a checkpoint of Hugging Face give the folder"));
  }
  cursor.skip(4, "the magic number");
  const auto version = cursor.number<std::uint32_t>("the version");
  if (version == 2 || version == 3) return version;
  if ((version & 0xFFFFU) == 0) {
    throw Unsupported(concat(where,
                             ": is a big-endian GGUF file; supported are little-endian ones: convert it with ",
                             "gguf-convert-endian of the gguf package"));
  }
  throw Unsupported(concat(where, ": is a GGUF file of version ", version, "; supported are 2 and 3",
                           version == 1 ? ": convert the model again with a newer converter" : ""));
}

/// Reads one entry of the table of tensors.
ASTERISM_INLINE void read_gguf_tensor(GgufCursor& cursor, GgufHeader& header) {
  TensorInfo tensor;
  tensor.name = cursor.text(max_gguf_name, "the tensor's name");
  cursor.name(tensor.name);
  if (tensor.name.empty()) cursor.fail("has no name");
  const auto rank = cursor.number<std::uint32_t>("its number of dimensions");
  if (rank > max_gguf_rank) cursor.fail(concat("has ", rank, " dimensions, expected at most ", max_gguf_rank));
  for (std::uint32_t i = 0; i < rank; ++i) tensor.shape.push_back(cursor.number<std::uint64_t>("its sizes"));
  std::reverse(tensor.shape.begin(), tensor.shape.end());
  const auto number = cursor.number<std::uint32_t>("its type");
  const GgmlType* type = find_ggml_type(number);
  if (type == nullptr) {
    throw Unsupported(
        concat(cursor.place(), ": has the unknown type ", number, "; known are ", ggml_type_names()));
  }
  tensor.dtype = dtype_of(*type).value_or(DType::u8);
  tensor.offset = cursor.number<std::uint64_t>("its offset");
  const auto elements = element_count(tensor.shape);
  if (!elements || __builtin_mul_overflow(*elements / type->block, type->bytes, &tensor.bytes)) {
    cursor.fail(concat("of shape ", shape_text(tensor.shape), " exceeds 64 bits"));
  }
  tensor.elements = *elements;
  const std::uint64_t width = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (width % type->block != 0) {
    cursor.fail(concat("of shape ", shape_text(tensor.shape), " has rows of ", width,
                       " weights, no multiple of the ", type->block, " in a block of ", type->name));
  }
  header.tensors.push_back(std::move(tensor));
  header.types.push_back(type);
}

ASTERISM_INLINE void check_unique_tensors(const std::vector<TensorInfo>& tensors, std::string_view where) {
  const auto order =
      argsort(tensors.size(), [&](std::size_t a, std::size_t b) { return tensors[a].name < tensors[b].name; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const std::string& name = tensors[order[i]].name;
    if (name != tensors[order[i - 1]].name) continue;
    throw FormatError(concat(where, ": tensor '", printable(name), "' stands twice in the header"));
  }
}

/// Checks the places of the tensors in the data, and makes them relative to the file.
ASTERISM_INLINE void place_gguf_tensors(GgufHeader& header, std::uint64_t file_bytes, std::string_view where) {
  std::vector<TensorInfo>& tensors = header.tensors;
  const std::uint64_t data_bytes = file_bytes - std::min(file_bytes, header.data_begin);
  const auto by_place = argsort(tensors.size(), [&](std::size_t a, std::size_t b) {
    return tensors[a].offset != tensors[b].offset ? tensors[a].offset < tensors[b].offset
                                                  : tensors[a].bytes < tensors[b].bytes;
  });
  if (!tensors.empty() && file_bytes < header.data_begin) {
    throw FormatError(concat(where, ": ends at byte ", file_bytes, ", but the data of its tensors begins at ",
                             header.data_begin, ": it is truncated; copy or download it again"));
  }
  const TensorInfo* before = nullptr;
  for (const std::size_t i : by_place) {
    TensorInfo& tensor = tensors[i];
    const auto fail = [&](const std::string& what) {
      return FormatError(concat(where, ": tensor '", printable(tensor.name), "' ", what));
    };
    if (tensor.offset % header.alignment != 0) {
      throw fail(concat("begins at byte ", tensor.offset, " of the data, no multiple of the alignment ",
                        header.alignment));
    }
    if (tensor.offset > data_bytes || tensor.bytes > data_bytes - tensor.offset) {
      throw fail(concat("begins at byte ", tensor.offset, " of the data and has ", tensor.bytes,
                        " bytes, but there are only ", data_bytes,
                        ": the file is truncated; copy or download it again"));
    }
    tensor.offset += header.data_begin;
    if (before != nullptr && before->offset + before->bytes > tensor.offset) {
      throw fail(concat("overlaps tensor '", printable(before->name), "': it begins at byte ", tensor.offset,
                        " of the file, that one ends at ", before->offset + before->bytes));
    }
    before = &tensor;
  }
}

}  // namespace detail

ASTERISM_INLINE GgufHeader parse_gguf(const file::StoredBytes& file, std::string_view where) {
  detail::GgufCursor cursor(file, where);
  GgufHeader header;
  header.version = detail::read_gguf_version(cursor, file, where);
  const auto tensors = cursor.number<std::uint64_t>("the number of tensors");
  const auto keys = cursor.number<std::uint64_t>("the number of metadata keys");
  constexpr std::uint64_t least = 2 * sizeof(std::uint64_t) + 2 * sizeof(std::uint32_t);
  if (tensors > max_gguf_tensors || tensors > cursor.left() / least) {
    cursor.fail(concat("the file says that it has ", tensors, " tensors, expected at most ",
                       std::min(max_gguf_tensors, cursor.left() / least),
                       " in a file of this size: no GGUF file"));
  }
  header.metadata = GgufMetadata(cursor, keys, where);
  constexpr std::string_view alignment = "general.alignment";
  constexpr std::int64_t most = std::int64_t{1} << 30U;
  if (const auto given = header.metadata.integer(alignment, 1, most)) {
    header.alignment = static_cast<std::uint64_t>(*given);
    if ((header.alignment & (header.alignment - 1)) != 0) {
      header.metadata.fail(alignment, concat("is ", header.alignment, ", expected a power of two"));
    }
  }
  for (std::uint64_t i = 0; i < tensors; ++i) {
    cursor.enter("tensor", i);
    detail::read_gguf_tensor(cursor, header);
  }
  header.data_begin = (cursor.position() + header.alignment - 1) / header.alignment * header.alignment;
  detail::check_unique_tensors(header.tensors, where);
  detail::place_gguf_tensors(header, file.size(), where);
  return header;
}

}  // namespace asterism::checkpoint
