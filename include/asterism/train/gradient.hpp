// A tensor's gradient, however it is stored.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/simd/stored_floats.hpp"
#include "asterism/train/precision.hpp"

namespace asterism::train {

/// Elements of one task of an update: fixed, so that work is cut by shape.
inline constexpr std::size_t piece_elements = 16384;

/// Elements of a gradient that are read at a time.
inline constexpr std::size_t block_elements = 1024;

/// Of the loss of a step, already averaged; (rows, cols), row-major without gaps. An element is what is stored times
/// `factor`: limits of the norm and scales of the loss change that alone. A copy is shallow: it owns nothing.
struct Gradient {
  std::byte* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  Storage storage = Storage::float32;
  float factor = 1;

  Gradient() = default;
  Gradient(std::byte* first, std::size_t n_rows, std::size_t n_cols, Storage type)
      : data(first), rows(n_rows), cols(n_cols), storage(type) {}
  /// In float32.
  Gradient(float* first, std::size_t n_rows, std::size_t n_cols)
      : Gradient(reinterpret_cast<std::byte*>(first), n_rows, n_cols, Storage::float32) {}
  Gradient(const MatrixView<float>& all)  // NOLINT(google-explicit-constructor)
      : Gradient(all.data, all.rows, all.cols) {
    assert(all.stride == all.cols);
  }

  std::size_t size() const { return rows * cols; }
  std::size_t bytes() const { return size() * quant::bytes_of(storage); }

  /// One element. For many, `read` is faster.
  float operator[](std::size_t i) const {
    float room = 0;
    return *read(i, 1, &room);
  }

  /// The elements [first, first + count), where they are stored or at `room`, which has `count` floats.
  const float* read(std::size_t first, std::size_t count, float* room) const {
    const std::byte* const from = data + first * quant::bytes_of(storage);
    if (storage == Storage::float32 && factor == 1) return reinterpret_cast<const float*>(from);
    simd::load_floats(from, storage, {room, count});
    if (factor != 1) {
      for (std::size_t i = 0; i < count; ++i) room[i] *= factor;
    }
    return room;
  }

  /// Calls f(first, values, count) for the elements [first, end), a block after the other.
  template <class F>
  void for_each_block(std::size_t first, std::size_t end, F&& f) const {
    alignas(64) float room[block_elements];
    for (; first < end; first += block_elements) {
      const std::size_t count = std::min(block_elements, end - first);
      f(first, read(first, count, room), count);
    }
  }

  /// All elements become 0.
  void clear(const parallel::ExecutionRef& execution) const {
    constexpr std::size_t most = piece_elements * sizeof(float);
    execution.for_each_task((bytes() + most - 1) / most, [&](std::size_t piece) {
      std::memset(data + piece * most, 0, std::min(most, bytes() - piece * most));
    });
  }
};

}  // namespace asterism::train
