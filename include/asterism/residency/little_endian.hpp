// Unsigned numbers in the bytes of a file, the lowest byte first.
#pragma once

#include <concepts>
#include <cstddef>
#include <vector>

#include "asterism/core/view.hpp"

namespace asterism::residency::detail {

template <std::unsigned_integral T>
void put(std::vector<std::byte>& bytes, std::size_t at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[at + i] = static_cast<std::byte>(value >> 8 * i & 0xFFU);
}

template <std::unsigned_integral T>
T get(View<const std::byte> bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(std::to_integer<T>(bytes[at + i]) << 8 * i);
  return value;
}

}  // namespace asterism::residency::detail
