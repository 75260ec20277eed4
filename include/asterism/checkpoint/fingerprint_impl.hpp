// Bodies of fingerprint.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/fingerprint.hpp"
#include "asterism/core/fnv1a.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::uint64_t fingerprint(const WeightStoreRef& store) {
  std::vector<const TensorInfo*> tensors;
  for (const TensorInfo& tensor : store.tensors()) tensors.push_back(&tensor);
  std::ranges::sort(tensors, {}, [](const TensorInfo* tensor) { return std::string_view(tensor->name); });
  Fnv1a hash;
  std::array<std::byte, 256> some{};
  for (const TensorInfo* tensor : tensors) {
    hash.add(tensor->name);
    hash.add(dtype_name(tensor->dtype));
    for (const std::uint64_t size : tensor->shape) hash.add_number(size);
    const file::StoredBytes stored = store.stored(*tensor);
    const std::size_t count = std::min<std::uint64_t>(some.size(), stored.size());
    stored.read((stored.size() - count) / 2, {some.data(), count});
    for (std::size_t i = 0; i < count; ++i) hash.add(std::to_integer<std::uint64_t>(some[i]));
    store.release(*tensor);
  }
  return hash.value();
}

}  // namespace asterism::checkpoint
