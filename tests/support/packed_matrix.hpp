// A stored matrix that owns its bytes, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/kernel_order.hpp"

namespace asterism::test {

/// The least width that Q takes and that has room for `cols` columns.
template <class Q>
constexpr std::uint64_t fitting_width(std::uint64_t cols) {
  return (cols + quant::width_multiple<Q> - 1) / quant::width_multiple<Q> * quant::width_multiple<Q>;
}

template <quant::Quantization Q>
class PackedMatrix {
 public:
  PackedMatrix(std::uint64_t rows, std::uint64_t cols, const std::vector<float>& values)
      : rows_(rows), cols_(cols), storage_(Q::planes(rows, cols).bytes().count + alignment, std::byte{0xAA}) {
    const quant::FloatWeights weights{values};
    Q::encode(weights, rows, cols, bytes());
    tiled_storage_.resize(storage_.size(), std::byte{0xAA});
    std::memcpy(aligned_to_64(tiled_storage_), bytes(), size_bytes());
    quant::to_kernel_order<Q>(aligned_to_64(tiled_storage_), rows, cols);
  }

  quant::MatrixRef<Q> view() const { return {const_cast<PackedMatrix*>(this)->bytes(), rows_, cols_}; }

  /// The matrix in kernel order: a copy, as it was encoded.
  quant::KernelMatrixRef<Q> kernel_matrix() const {
    return {aligned_to_64(const_cast<PackedMatrix*>(this)->tiled_storage_), rows_, cols_};
  }

  std::byte* bytes() { return aligned_to_64(storage_); }

  std::size_t size_bytes() const { return Q::planes(rows_, cols_).bytes().count; }

  std::vector<float> decoded() const {
    std::vector<float> values(static_cast<std::size_t>(rows_ * cols_));
    Q::decode(view(), 0, values);
    return values;
  }

 private:
  static std::byte* aligned_to_64(std::vector<std::byte>& storage) {
    const auto address = reinterpret_cast<std::uintptr_t>(storage.data());
    return storage.data() + (aligned(address) - address);
  }

  std::uint64_t rows_;
  std::uint64_t cols_;
  std::vector<std::byte> storage_;
  std::vector<std::byte> tiled_storage_;
};

}  // namespace asterism::test
