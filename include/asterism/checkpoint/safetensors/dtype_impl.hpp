// Bodies of dtype.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/checkpoint/safetensors/dtype.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint {

ASTERISM_INLINE std::string dtype_names() {
  std::string out;
  for (const auto& facts : detail::dtype_facts) {
    if (!out.empty()) out += ", ";
    out += facts.name;
  }
  return out;
}

ASTERISM_INLINE std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string out = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) out += concat(i == 0 ? "" : ", ", shape[i]);
  return out + "]";
}

ASTERISM_INLINE std::optional<std::uint64_t> element_count(const std::vector<std::uint64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : shape) {
    if (__builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return count;
}

}  // namespace asterism::checkpoint
