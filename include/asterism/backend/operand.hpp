// Operands of operations: views that know the device of their memory.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "asterism/backend/arena.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/quant/matrix_ref.hpp"
#include "asterism/quant/one_of.hpp"

namespace asterism::backend {

/// A row-major matrix (rows, cols) on a device.
template <class T>
struct DeviceMatrix {
  MatrixView<T> view{};
  std::int32_t device = -1;

  /// Conversion to a read-only matrix.
  template <class Const>
    requires(std::same_as<Const, const T> && !std::is_const_v<T>)
  operator DeviceMatrix<Const>() const {  // NOLINT(google-explicit-constructor)
    return {view, device};
  }

  std::size_t rows() const { return view.rows; }
  std::size_t cols() const { return view.cols; }
  DeviceMatrix rows_at(std::size_t first, std::size_t count) const { return {view.rows_at(first, count), device}; }
  /// The same elements in rows of `width`, which divides cols; the matrix's rows lie one behind the other.
  DeviceMatrix in_rows_of(std::size_t width) const {
    assert(view.stride == view.cols && cols() % width == 0);
    return {{view.data, rows() * (cols() / width), width}, device};
  }
};

/// A matrix (rows, cols) of weights in a quantization format, on a device. Written once, when the model is loaded.
template <class FormatType>
struct DeviceWeights {
  using Format = FormatType;

  std::byte* data = nullptr;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  std::int32_t device = -1;

  /// For memory in the standard order.
  quant::MatrixRef<Format> matrix() const { return {data, rows, cols}; }
  /// For memory in kernel order, such as a host device's.
  quant::KernelMatrixRef<Format> kernel_matrix() const { return {data, rows, cols}; }
};

/// The same where each matrix is in one of several formats.
template <quant::Tagged FormatType>
struct DeviceWeights<FormatType> {
  using Format = FormatType;

  std::byte* data = nullptr;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  std::int32_t device = -1;
  quant::Tag tag = 0;

  /// Calls f with the DeviceWeights in its format.
  template <class F>
  void visit(F&& f) const {
    Format::visit(tag, [&]<class One>() { f(DeviceWeights<One>{data, rows, cols, device}); });
  }
};

/// What becomes of the elements of a result: replaced, or added to.
enum class Into : std::uint8_t { overwrite, add };

/// One of several products of the same rows: y = x W^T.
template <class Format>
struct Product {
  DeviceWeights<Format> weights;
  DeviceMatrix<float> y;
};

/// The matrices of gated experts, indexed by expert: gate and up (ffn, hidden), down (hidden, ffn).
template <class Format>
struct Experts {
  View<const DeviceWeights<Format>> gate;
  View<const DeviceWeights<Format>> up;
  View<const DeviceWeights<Format>> down;
};

/// The matrix (rows, cols) of T that begins `offset` bytes into a buffer.
template <class T>
DeviceMatrix<T> matrix_in(const Buffer& buffer, std::uint64_t offset, std::size_t rows, std::size_t cols) {
  assert(offset + rows * cols * sizeof(T) <= buffer.size().count);
  return {{reinterpret_cast<T*>(buffer.data() + offset), rows, cols}, buffer.device()};
}

/// The weights (rows, cols) in Format that begin `offset` bytes into a buffer; with the tag if Format is OneOf several.
template <class Format>
DeviceWeights<Format> weights_in(const Buffer& buffer, std::uint64_t offset, std::uint64_t rows,
                                 std::uint64_t cols, [[maybe_unused]] quant::Tag tag = 0) {
  assert(offset + quant::planes_of<Format>(tag, rows, cols).bytes().count <= buffer.size().count);
  DeviceWeights<Format> out{buffer.data() + offset, rows, cols, buffer.device()};
  if constexpr (quant::Tagged<Format>) out.tag = tag;
  return out;
}

}  // namespace asterism::backend
