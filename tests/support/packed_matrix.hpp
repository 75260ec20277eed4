// A stored matrix that owns its bytes, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/quant/concept.hpp"

namespace asterism::test {

template <quant::Quantization Q>
class PackedMatrix {
 public:
  PackedMatrix(std::uint64_t rows, std::uint64_t cols, const std::vector<float>& values)
      : rows_(rows), cols_(cols), storage_(Q::planes(rows, cols).bytes().count + alignment, std::byte{0xAA}) {
    const quant::FloatWeights weights{values};
    Q::encode(weights, rows, cols, bytes());
  }

  quant::Packed<Q> view() const { return {const_cast<PackedMatrix*>(this)->bytes(), rows_, cols_}; }

  std::byte* bytes() {
    const auto address = reinterpret_cast<std::uintptr_t>(storage_.data());
    return storage_.data() + (aligned(address) - address);
  }

  std::size_t size_bytes() const { return Q::planes(rows_, cols_).bytes().count; }

  std::vector<float> decoded() const {
    std::vector<float> values(static_cast<std::size_t>(rows_ * cols_));
    Q::decode(view(), 0, values);
    return values;
  }

 private:
  std::uint64_t rows_;
  std::uint64_t cols_;
  std::vector<std::byte> storage_;
};

}  // namespace asterism::test
