// Bodies of crc32c.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/file/crc32c.hpp"

namespace asterism::file {

namespace detail {

ASTERISM_INLINE std::uint32_t crc32c_by_table(View<const std::byte> bytes, std::uint32_t before) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t entry = i;
      for (int bit = 0; bit < 8; ++bit) entry = (entry & 1U) != 0 ? 0x82F63B78U ^ entry >> 1U : entry >> 1U;
      entries[i] = entry;
    }
    return entries;
  }();
  std::uint32_t sum = ~before;
  for (const std::byte byte : bytes) sum = table[(sum ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU] ^ sum >> 8U;
  return ~sum;
}

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] inline std::uint32_t crc32c_by_instruction(View<const std::byte> bytes,
                                                                     std::uint32_t before) {
  std::uint64_t sum = static_cast<std::uint32_t>(~before);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size; i += 8) {
    unsigned long long eight = 0;
    std::memcpy(&eight, bytes.data + i, sizeof eight);
    sum = __builtin_ia32_crc32di(sum, eight);
  }
  for (; i < bytes.size; ++i) {
    sum = __builtin_ia32_crc32qi(static_cast<std::uint32_t>(sum), std::to_integer<std::uint8_t>(bytes[i]));
  }
  return ~static_cast<std::uint32_t>(sum);
}
#endif

}  // namespace detail

ASTERISM_INLINE std::uint32_t crc32c(View<const std::byte> bytes, std::uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return detail::crc32c_by_instruction(bytes, before);
#endif
  return detail::crc32c_by_table(bytes, before);
}

}  // namespace asterism::file
