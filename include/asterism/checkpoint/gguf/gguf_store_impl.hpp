// Bodies of gguf_store.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asterism/checkpoint/gguf/gguf_store.hpp"
#include "asterism/checkpoint/gguf/header.hpp"
#include "asterism/checkpoint/gguf/sound_blocks.hpp"
#include "asterism/checkpoint/gguf/split.hpp"
#include "asterism/core/argsort.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/input_file.hpp"
#include "asterism/file/path.hpp"
#include "asterism/quant/ggml_formats.hpp"

namespace asterism::checkpoint {

namespace detail {

inline constexpr std::int64_t max_gguf_parts = 99999;

ASTERISM_INLINE file::InputFile open_gguf(const std::string& path) {
  if (file::path_kind(path) == file::PathKind::missing) {
    const bool is_part = !gguf_parts(path).empty();
    throw FileError(
        concat(path, ": no such file", is_part ? "; a split model needs all its parts: download it" : ""));
  }
  return file::InputFile(path);
}

ASTERISM_INLINE GgufHeader read_gguf_header(const file::InputFile& file) {
  return parse_gguf(file::StoredBytes(file, 0, file.size()), file.path());
}

/// Checks that the file says of itself that it is part `part` of `parts`.
ASTERISM_INLINE void check_gguf_part(const GgufMetadata& metadata, std::size_t part, std::size_t parts) {
  const std::int64_t number = metadata.integer("split.no", 0, max_gguf_parts).value_or(0);
  const std::int64_t count = metadata.integer("split.count", 0, max_gguf_parts).value_or(0);
  const auto expected = static_cast<std::int64_t>(parts);
  if (parts == 1 && count <= 1) return;
  if (count != expected) {
    metadata.fail("split.count",
                  concat("is ", count, ", expected ", expected,
                         " by the name of the file: parts are named NAME-00001-of-00003.gguf, rename ",
                         "or download them again"));
  }
  if (number != static_cast<std::int64_t>(part)) {
    metadata.fail("split.no", concat("is ", number, ", expected ", part,
                                     " by the name of the file: rename the parts or download them again"));
  }
}

}  // namespace detail

ASTERISM_INLINE GgufStore::GgufStore(const std::string& path) : path_(path) {
  std::vector<std::string> parts = gguf_parts(path);
  if (parts.empty()) parts.push_back(path);
  for (std::size_t part = 0; part < parts.size(); ++part) open(parts[part], part, parts.size());
  index_names();
  constexpr std::int64_t most = std::int64_t{1} << 31U;
  const auto all = static_cast<std::int64_t>(tensors().size());
  const std::int64_t expected = metadata_.integer("split.tensors.count", 0, most).value_or(all);
  if (parts.size() > 1 && expected != all) {
    metadata_.fail("split.tensors.count", concat("is ", expected, ", but the ", parts.size(), " parts hold ", all,
                                                 " tensors: they are not of the same model"));
  }
}

ASTERISM_INLINE void GgufStore::open(const std::string& path, std::size_t part, std::size_t parts) {
  file::InputFile file = detail::open_gguf(path);
  GgufHeader header = detail::read_gguf_header(file);
  detail::check_gguf_part(header.metadata, part, parts);
  if (part == 0) metadata_ = std::move(header.metadata);
  const std::vector<TensorInfo>& tensors = header.tensors;
  const auto by_place = argsort(tensors.size(), [&](std::size_t a, std::size_t b) {
    return tensors[a].offset != tensors[b].offset ? tensors[a].offset < tensors[b].offset
                                                  : tensors[a].bytes < tensors[b].bytes;
  });
  for (const std::size_t i : by_place) types_.push_back(header.types[i]);
  add(std::move(file), permuted(std::move(header.tensors), by_place));
}

ASTERISM_INLINE const quant::BlockCodec* GgufStore::blocks_of(const TensorInfo& tensor) const {
  return quant::find_block_codec(type_of(tensor).number);
}

ASTERISM_INLINE void GgufStore::read_floats(const TensorInfo& tensor, std::uint64_t first, View<float> out) const {
  const quant::BlockCodec* codec = blocks_of(tensor);
  if (codec == nullptr) return TensorFiles::read_floats(tensor, first, out);
  if (first > tensor.elements || out.size > tensor.elements - first) {
    throw InvalidArgument(
        concat(describe(tensor), ": elements ", first, " + ", out.size, " asked for, it has ", tensor.elements));
  }
  const file::StoredBytes source = stored(tensor);
  std::array<std::byte, 1U << 14U> piece;  // stays in the first cache level with what it becomes
  const std::uint64_t at_a_time = piece.size() / codec->bytes;
  for (std::size_t done = 0; done < out.size;) {
    const std::uint64_t at = first + done;
    const std::uint64_t block = at / codec->elements;
    const std::uint64_t end = (first + out.size + codec->elements - 1) / codec->elements;
    const std::uint64_t blocks = std::min(at_a_time, end - block);
    const View<std::byte> bytes(piece.data(), static_cast<std::size_t>(blocks * codec->bytes));
    source.read(block * codec->bytes, bytes);
    check_sound(*codec, bytes, block, [&] { return describe(tensor); });
    const std::uint64_t inside = at - block * codec->elements;
    const auto n =
        static_cast<std::size_t>(std::min<std::uint64_t>(blocks * codec->elements - inside, out.size - done));
    quant::decode_blocks(*codec, piece.data(), inside, out.subview(done, n));
    done += n;
  }
}

}  // namespace asterism::checkpoint
