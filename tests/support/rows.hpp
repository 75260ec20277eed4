// Rows of floats for tests: random values, bit comparison, and copies that lie at every address modulo 64 bytes
// with changing neighbours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "asterism/core/random.hpp"
#include "asterism/core/view.hpp"

namespace asterism::test {

inline std::vector<float> random_row(std::size_t size, std::uint64_t seed, float scale = 1) {
  Random random(seed);
  std::vector<float> row(size);
  for (float& value : row) value = scale * static_cast<float>(random.normal());
  return row;
}

inline bool same_bits(View<const float> a, View<const float> b) {
  return a.size == b.size && (a.size == 0 || std::memcmp(a.data, b.data, a.size * sizeof(float)) == 0);
}

/// A copy of a row that begins `offset` floats, 0 to 15, behind a multiple of 64 bytes, between neighbours of any
/// value.
class PlacedRow {
 public:
  PlacedRow(const std::vector<float>& row, std::size_t offset, float neighbour)
      : storage_(row.size() + 64, neighbour), neighbour_(neighbour), size_(row.size()) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    begin_ = storage_.data() + ((64 - address % 64) % 64) / sizeof(float) + offset;
    if (!row.empty()) std::memcpy(begin_, row.data(), row.size() * sizeof(float));
  }
  PlacedRow(const PlacedRow&) = delete;
  PlacedRow& operator=(const PlacedRow&) = delete;

  View<float> view() { return {begin_, size_}; }
  /// Nothing beside the row was written.
  bool neighbours_intact() const {
    for (const float& value : storage_) {
      if (&value >= begin_ && &value < begin_ + size_) continue;
      if (std::memcmp(&value, &neighbour_, sizeof value) != 0) return false;
    }
    return true;
  }

 private:
  std::vector<float> storage_;
  float neighbour_;
  std::size_t size_;
  float* begin_ = nullptr;
};

}  // namespace asterism::test
