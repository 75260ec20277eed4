// Hits as numbers that sort as they rank, on host and device.
#pragma once

#include <cstdint>
#include <cstring>

#include "asterism/core/config.hpp"

namespace asterism::cuda {

/// A row's id and its score; id `none`: there is nothing.
struct Ranked {
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  std::uint32_t id = none;
  float score = 0;
  friend bool operator==(const Ranked&, const Ranked&) = default;
};

/// Of two hits the better one has the greater key: the greater score, of equal ones the lower id. 0 is the key of
/// nothing. The score is not NaN, the id not `none`.
ASTERISM_HD inline std::uint64_t rank_key(std::uint32_t id, float score) {
  const float value = score + 0.0F;  // -0 ranks as 0
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const std::uint32_t ascending = (bits >> 31U) != 0 ? ~bits : bits | 0x80000000U;
  return std::uint64_t{ascending} << 32U | ~id;
}

ASTERISM_HD inline Ranked ranked_of(std::uint64_t key) {
  if (key == 0) return {};
  const auto ascending = static_cast<std::uint32_t>(key >> 32U);
  const std::uint32_t bits = (ascending >> 31U) != 0 ? ascending & 0x7FFFFFFFU : ~ascending;
  Ranked hit{~static_cast<std::uint32_t>(key), 0};
  std::memcpy(&hit.score, &bits, sizeof bits);
  return hit;
}

}  // namespace asterism::cuda
