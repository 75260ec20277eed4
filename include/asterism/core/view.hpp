// Borrowed memory: a pointer with its sizes. Views own nothing, are cheap to copy and work in device code, where
// std::span does not. Indexing is checked only by assert(): entry points check shapes once.
#pragma once

#include <cassert>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include "asterism/core/config.hpp"

namespace asterism {

/// `size` consecutive elements.
template <class T>
struct View {
  T* data = nullptr;
  std::size_t size = 0;

  constexpr View() = default;
  ASTERISM_HD constexpr View(T* first, std::size_t count) : data(first), size(count) {}
  View(std::nullptr_t, std::size_t) = delete;  // otherwise a list of numbers that begins with 0 would match

  /// Any contiguous container: std::vector, std::array, std::string, std::span.
  template <class Container>
    requires requires(Container& c) {
      { c.data() } -> std::convertible_to<T*>;
      { c.size() } -> std::convertible_to<std::size_t>;
    }
  constexpr View(Container&& c)  // NOLINT(google-explicit-constructor, bugprone-forwarding-reference-overload)
      : data(c.data()), size(c.size()) {}

  /// Conversion to a read-only view.
  template <class Const>
    requires(std::same_as<Const, const T> && !std::is_const_v<T>)
  ASTERISM_HD constexpr operator View<Const>() const {  // NOLINT(google-explicit-constructor)
    return {data, size};
  }

  ASTERISM_HD constexpr T& operator[](std::size_t i) const {
    assert(i < size);
    return data[i];
  }
  ASTERISM_HD constexpr T* begin() const { return data; }
  ASTERISM_HD constexpr T* end() const { return data + size; }
  ASTERISM_HD constexpr bool empty() const { return size == 0; }

  /// Elements [first, first + count).
  ASTERISM_HD constexpr View subview(std::size_t first, std::size_t count) const {
    assert(first + count <= size);
    return {data + first, count};
  }
};

/// Row-major matrix (rows, cols); consecutive rows lie `stride` >= cols elements apart.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  constexpr MatrixView() = default;
  ASTERISM_HD constexpr MatrixView(T* first, std::size_t n_rows, std::size_t n_cols)
      : data(first), rows(n_rows), cols(n_cols), stride(n_cols) {}
  ASTERISM_HD constexpr MatrixView(T* first, std::size_t n_rows, std::size_t n_cols, std::size_t row_stride)
      : data(first), rows(n_rows), cols(n_cols), stride(row_stride) {}

  /// Conversion to a read-only view.
  template <class Const>
    requires(std::same_as<Const, const T> && !std::is_const_v<T>)
  ASTERISM_HD constexpr operator MatrixView<Const>() const {  // NOLINT(google-explicit-constructor)
    return {data, rows, cols, stride};
  }

  ASTERISM_HD constexpr T& operator()(std::size_t row, std::size_t col) const {
    assert(row < rows && col < cols);
    return data[row * stride + col];
  }
  ASTERISM_HD constexpr View<T> row(std::size_t i) const {
    assert(i < rows);
    return {data + i * stride, cols};
  }
  /// Rows [first, first + count).
  ASTERISM_HD constexpr MatrixView rows_at(std::size_t first, std::size_t count) const {
    assert(first + count <= rows);
    return {data + first * stride, count, cols, stride};
  }
};

}  // namespace asterism
