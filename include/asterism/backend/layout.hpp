// Cuts one buffer into consecutive matrices; without a buffer it only measures.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::backend {

/// Allocates consecutive 64-byte aligned pieces. The plan runs a layout over a cursor without a buffer, in a
/// constant expression, and takes its `used()`; at run time the same layout runs over a buffer of that size: one
/// size model.
class Layout {
 public:
  constexpr Layout() = default;
  explicit Layout(const Buffer& buffer) : buffer_(&buffer) {}
  /// From byte `first` of the buffer on, a multiple of 64, which counts as used.
  Layout(const Buffer& buffer, std::uint64_t first) : buffer_(&buffer), used_(first) {}

  /// The next matrix (rows, cols) of T.
  template <class T>
  constexpr DeviceMatrix<T> matrix(std::size_t rows, std::size_t cols) {
    const std::uint64_t offset = take(checked_product(checked_product(rows, cols), sizeof(T)));
    if (cols > widest_) widest_ = cols;
    if (buffer_ == nullptr) return {};
    return matrix_in<T>(*buffer_, offset, rows, cols);
  }

  /// The next weights (rows, cols) in Format; with the tag if Format is OneOf several.
  template <class Format>
  constexpr DeviceWeights<Format> weights(std::uint64_t rows, std::uint64_t cols, quant::Tag tag = 0) {
    const std::uint64_t offset = take(quant::planes_of<Format>(tag, rows, cols).bytes().count);
    if (buffer_ == nullptr) return {};
    return weights_in<Format>(*buffer_, offset, rows, cols, tag);
  }

  constexpr Bytes used() const { return {used_}; }

  /// Columns of the widest matrix so far; weights are not counted.
  constexpr std::size_t widest() const { return widest_; }

 private:
  constexpr std::uint64_t take(std::uint64_t bytes) {
    const std::uint64_t offset = used_;
    used_ = checked_sum(used_, aligned(checked_sum(bytes, alignment) - alignment));
    return offset;
  }

  const Buffer* buffer_ = nullptr;
  std::uint64_t used_ = 0;
  std::size_t widest_ = 0;
};

}  // namespace asterism::backend
