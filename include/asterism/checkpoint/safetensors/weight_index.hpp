// `model.safetensors.index.json`: the shard of each tensor of a checkpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"

namespace asterism::checkpoint {

/// Maximum size of an index in bytes: half a million tensors of a 4-bit model take about 60 MB.
inline constexpr std::size_t max_weight_index = std::size_t{256} << 20U;

/// The index of a sharded checkpoint.
struct WeightIndex {
  struct Entry {
    std::string tensor;
    std::uint32_t file = 0;  ///< index into `files`
  };
  std::vector<std::string> files;  ///< names of the shards, ascending
  std::vector<Entry> entries;      ///< sorted by tensor name, unique

  bool contains(std::string_view tensor) const;
};

/// The longest file name that file systems accept.
inline constexpr std::size_t max_file_name = 255;

/// True for a name inside the folder itself: no separators, no "..", nothing that leaves it, at most
/// `max_file_name` long.
bool is_plain_file_name(std::string_view name);

/// Parses the index; `where` names it in messages. FormatError if it is not strict JSON, has no `weight_map`,
/// names a tensor twice, or a shard's name would leave the folder. `metadata` is optional and its content ignored.
/// Time O(n log n), memory a small multiple of the text. Thread-safe.
WeightIndex parse_weight_index(std::string_view text, std::string_view where);

}  // namespace asterism::checkpoint

#if !defined(ASTERISM_COMPILED)
#include "asterism/checkpoint/safetensors/weight_index_impl.hpp"
#endif
