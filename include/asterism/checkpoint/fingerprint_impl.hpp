// Bodies of fingerprint.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/fingerprint.hpp"
#include "asterism/core/view.hpp"
#include "asterism/file/input_file.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::uint64_t fingerprint(const TensorStore& store) {
  std::vector<const TensorInfo*> tensors;
  for (const TensorInfo& tensor : store.tensors()) tensors.push_back(&tensor);
  std::ranges::sort(tensors, {}, [](const TensorInfo* tensor) { return std::string_view(tensor->name); });
  std::uint64_t hash = 0xCBF29CE484222325U;
  const auto add = [&](std::byte byte) { hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3U; };
  const auto add_number = [&](std::uint64_t number) {
    for (int i = 0; i < 8; ++i) add(static_cast<std::byte>(number >> 8 * i & 0xFFU));
  };
  std::array<std::byte, 256> some{};
  for (const TensorInfo* tensor : tensors) {
    for (const char c : tensor->name) add(static_cast<std::byte>(c));
    for (const char c : dtype_name(tensor->dtype)) add(static_cast<std::byte>(c));
    for (const std::uint64_t size : tensor->shape) add_number(size);
    const file::StoredBytes stored = store.stored(*tensor);
    const std::size_t count = std::min<std::uint64_t>(some.size(), stored.size());
    stored.read((stored.size() - count) / 2, {some.data(), count});
    for (std::size_t i = 0; i < count; ++i) add(some[i]);
    store.release(*tensor);
  }
  return hash;
}

}  // namespace asterism::checkpoint
