// Tensors that learn, each beside its gradient, cut from two pieces of memory in one order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asterism/backend/arena.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/view.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/train/parameter.hpp"

namespace asterism::train {

/// A matrix (rows, cols) and its gradient.
struct LearningMatrix {
  backend::DeviceWeights<quant::Float32> value;
  backend::DeviceWeights<quant::Float32> gradient;

  /// The same as rows that operations read.
  static backend::DeviceMatrix<float> rows_of(const backend::DeviceWeights<quant::Float32>& of) {
    return {
        {reinterpret_cast<float*>(of.data), static_cast<std::size_t>(of.rows), static_cast<std::size_t>(of.cols)},
        of.device};
  }
};

/// A vector (1, cols) and its gradient.
struct LearningVector {
  backend::DeviceMatrix<float> value;
  backend::DeviceMatrix<float> gradient;
};

/// What a tensor is called, and what it is for optimizers.
struct TensorInfo {
  std::int32_t expert = -1;   ///< -1: none
  std::string_view module{};  ///< a part of the network
  std::string_view name{};    ///< a tensor of it
  Kind kind = Kind::vector;
  std::size_t rows = 0;
  std::size_t cols = 0;
};

/// Lays out the tensors of a network: modules take theirs one after the other, and `visit(info, value, gradient)` hears
/// of each, two MatrixView<float>. Without memory it only measures, in constant expressions too: one description of a
/// network for its plan, its memory and its list of parameters.
template <class F>
class TensorCursor {
 public:
  constexpr explicit TensorCursor(F visit) : visit_(visit) {}
  TensorCursor(const backend::Buffer& values, const backend::Buffer& gradients, F visit)
      : values_(values), gradients_(gradients), visit_(visit) {}

  /// The tensors that follow are those of expert e.
  constexpr void enter(std::int32_t expert) { expert_ = expert; }

  constexpr LearningMatrix matrix(std::string_view module, std::string_view name, Kind kind, std::size_t rows,
                                  std::size_t cols) {
    const LearningMatrix out{values_.template weights<quant::Float32>(rows, cols),
                             gradients_.template weights<quant::Float32>(rows, cols)};
    const TensorInfo info{expert_, module, name, kind, rows, cols};
    if (out.value.data == nullptr) {
      visit_(info, MatrixView<float>{}, MatrixView<float>{});
    } else {
      visit_(info, LearningMatrix::rows_of(out.value).view, LearningMatrix::rows_of(out.gradient).view);
    }
    return out;
  }

  constexpr LearningVector vector(std::string_view module, std::string_view name, std::size_t cols) {
    const LearningVector out{values_.template matrix<float>(1, cols), gradients_.template matrix<float>(1, cols)};
    visit_(TensorInfo{expert_, module, name, Kind::vector, 1, cols}, out.value.view, out.gradient.view);
    return out;
  }

  /// Of the values, and as many of the gradients.
  constexpr Bytes used() const { return values_.used(); }

 private:
  backend::Layout values_;
  backend::Layout gradients_;
  F visit_;
  std::int32_t expert_ = -1;
};

}  // namespace asterism::train
