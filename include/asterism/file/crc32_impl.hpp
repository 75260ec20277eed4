// Bodies of crc32.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "asterism/file/crc32.hpp"

namespace asterism::file {

ASTERISM_INLINE std::uint32_t crc32(View<const std::byte> bytes) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t entry = i;
      for (int bit = 0; bit < 8; ++bit) entry = (entry & 1U) != 0 ? 0xEDB88320U ^ entry >> 1U : entry >> 1U;
      entries[i] = entry;
    }
    return entries;
  }();
  std::uint32_t sum = 0xFFFFFFFFU;
  for (const std::byte byte : bytes) sum = table[(sum ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU] ^ sum >> 8U;
  return sum ^ 0xFFFFFFFFU;
}

}  // namespace asterism::file
