// The CPU as a device on which models learn.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "asterism/backend/embedded_gradient.hpp"
#include "asterism/backend/fwd.hpp"
#include "asterism/backend/groups.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/host_encoder.hpp"
#include "asterism/backend/host_gemm.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/backend/training_extent.hpp"
#include "asterism/backend/weight_pieces.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/core/error.hpp"
#include "asterism/core/fwd.hpp"
#include "asterism/core/view.hpp"
#include "asterism/parallel/execution_ref.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/quant/concept.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/float_storage.hpp"
#include "asterism/quant/kernel_order.hpp"
#include "asterism/simd/gemm.hpp"
#include "asterism/simd/level.hpp"
#include "asterism/simd/stored_floats.hpp"

namespace asterism::backend {

/// A host with exact activations, the gradients of its operations (see HostTraining), those of encoders (see
/// HostEncoder), and products of many rows with Float32 weights and of their gradients as packed ones: see simd::gemm
/// for their order of summation. Weights in Float32 are (rows, cols), row-major. Models Backend, Adjoint and Encoder.
/// Allocates nothing after `reserve_training`, which comes before all else. Not thread-safe.
///
/// @tparam Execution  execution policy
template <class Execution>
class BasicTrainingHost : public BasicHost<Execution>, public HostEncoder {
  using Host = BasicHost<Execution>;

 public:
  BasicTrainingHost(std::int32_t device, Bytes budget, std::shared_ptr<Execution> execution)
      : Host(device, budget, execution),
        HostEncoder(device, parallel::ExecutionRef(*execution)),
        gemm_(parallel::ExecutionRef(*execution)) {}

  /// Scratch memory of steps of that extent.
  static constexpr Bytes training_scratch(const TrainingExtent& extent) {
    return HostTraining::scratch_of(extent) + HostGemm::scratch() +
           Bytes{aligned(extent.unpacked * sizeof(float))};
  }

  /// Draws it from the arena and keeps it. extent.threads are at least those of the execution policy.
  void reserve_training(const TrainingExtent& extent) { reserve_training(extent, *this); }

  /// The same from another device's arena.
  template <class Memory>
  void reserve_training(const TrainingExtent& extent, Memory& memory) {
    HostTraining::keep(memory.allocate(HostTraining::scratch_of(extent), "training scratch"), extent);
    gemm_.keep(memory.allocate(HostGemm::scratch(), "training scratch"));
    if (extent.unpacked > 0) unpacked_ = memory.allocate({extent.unpacked * sizeof(float)}, "training scratch");
  }

  /// As those of BasicHost.
  template <quant::Quantization Format>
  void product(DeviceWeights<Format> weights, DeviceMatrix<const float> x, DeviceMatrix<float> y) {
    if constexpr (std::same_as<Format, quant::Float32>) {
      training_checks().product("product", weights, x, y);
      gemm_.multiply(1, [&](std::size_t) { return forward(weights, x.view, y.view); });
    } else {
      Host::product(weights, x, y);
    }
  }
  template <quant::Quantization Format>
  void products(View<const Product<Format>> all, DeviceMatrix<const float> x) {
    if constexpr (std::same_as<Format, quant::Float32>) {
      for (const auto& one : all) training_checks().product("products", one.weights, x, one.y);
      gemm_.multiply(all.size, [&](std::size_t i) { return forward(all[i].weights, x.view, all[i].y.view); });
    } else {
      Host::template products<Format>(all, x);
    }
  }
  template <quant::Quantization Format>
  void grouped_product(View<const DeviceWeights<Format>> weights, const ExpertGroups& groups,
                       DeviceMatrix<const float> x, DeviceMatrix<float> y) {
    if constexpr (std::same_as<Format, quant::Float32>) {
      training_checks().grouped_product("grouped_product", weights, groups, x, y);
      gemm_.multiply(weights.size, [&](std::size_t e) {
        if (weights[e].data == nullptr) return simd::Gemm{};  // nothing to do
        return forward(weights[e], of_expert(groups, e, x.view), of_expert(groups, e, y.view));
      });
    } else {
      Host::template grouped_product<Format>(weights, groups, x, y);
    }
  }

  /// y = x W^T, or y += x W^T.
  template <std::same_as<quant::Float32> Format>
  void product_into(DeviceWeights<Format> weights, DeviceMatrix<const float> x, Into into, DeviceMatrix<float> y) {
    training_checks().product("product_into", weights, x, y);
    gemm_.multiply(1, [&](std::size_t) { return forward(weights, x.view, y.view, into); });
  }

  /// The same for the rows of every expert.
  template <std::same_as<quant::Float32> Format>
  void grouped_product_into(View<const DeviceWeights<Format>> weights, const ExpertGroups& groups,
                            DeviceMatrix<const float> x, Into into, DeviceMatrix<float> y) {
    training_checks().grouped_product("grouped_product_into", weights, groups, x, y);
    gemm_.multiply(weights.size, [&](std::size_t e) {
      return forward(weights[e], of_expert(groups, e, x.view), of_expert(groups, e, y.view), into);
    });
  }

  /// dx = dy W, or dx += dy W: dy (n, rows), W (rows, cols), dx (n, cols). W may be frozen, in any format: a piece of
  /// it at a time is unpacked into the memory that was reserved, used and forgotten.
  template <quant::Quantization Format>
  void product_backward(DeviceWeights<Format> weights, DeviceMatrix<const float> dy, Into into,
                        DeviceMatrix<float> dx) {
    training_checks().product("product_backward", weights, dx, dy);
    if constexpr (std::same_as<Format, quant::Float32>) {
      gemm_.multiply(1, [&](std::size_t) { return backward(matrix(weights), dy.view, into, dx.view); });
    } else {
      backward_unpacked(View<const DeviceWeights<Format>>(&weights, 1), into, [&](std::size_t) {
        return std::pair{dy.view, dx.view};
      });
    }
  }

  /// The same for the rows of every expert.
  template <quant::Quantization Format>
  void grouped_product_backward(View<const DeviceWeights<Format>> weights, const ExpertGroups& groups,
                                DeviceMatrix<const float> dy, Into into, DeviceMatrix<float> dx) {
    training_checks().grouped_product("grouped_product_backward", weights, groups, dx, dy);
    const auto rows_of = [&](std::size_t e) {
      return std::pair{of_expert(groups, e, dy.view), of_expert(groups, e, dx.view)};
    };
    if constexpr (std::same_as<Format, quant::Float32>) {
      gemm_.multiply(weights.size, [&](std::size_t e) {
        const auto [d, to] = rows_of(e);
        return backward(matrix(weights[e]), d, into, to);
      });
    } else {
      backward_unpacked(weights, into, rows_of);
    }
  }

  /// dW += dy^T x: dy (n, rows), x (n, cols), dW (rows, cols). Where dW is narrower than Float32, the sum over the
  /// rows of a call is made in float32, in the memory that was reserved, and what it is added to is rounded once.
  template <quant::PlainFloat Format>
  void weight_gradient(DeviceMatrix<const float> dy, DeviceMatrix<const float> x, DeviceWeights<Format> dweights) {
    training_checks().product("weight_gradient", dweights, x, dy);
    if constexpr (std::same_as<Format, quant::Float32>) {
      gemm_.multiply(1, [&](std::size_t) { return gradient(dy.view, x.view, matrix(dweights)); });
    } else {
      add_rounded(View<const DeviceWeights<Format>>(&dweights, 1), [&](std::size_t) {
        return std::pair{dy.view, x.view};
      });
    }
  }

  /// The same for the rows of every expert.
  template <quant::PlainFloat Format>
  void grouped_weight_gradient(const ExpertGroups& groups, DeviceMatrix<const float> dy,
                               DeviceMatrix<const float> x, View<const DeviceWeights<Format>> dweights) {
    training_checks().grouped_product("grouped_weight_gradient", dweights, groups, x, dy);
    const auto rows_of = [&](std::size_t e) {
      return std::pair{of_expert(groups, e, dy.view), of_expert(groups, e, x.view)};
    };
    if constexpr (std::same_as<Format, quant::Float32>) {
      gemm_.multiply(dweights.size, [&](std::size_t e) {
        const auto [d, from] = rows_of(e);
        return gradient(d, from, matrix(dweights[e]));
      });
    } else {
      add_rounded(dweights, rows_of);
    }
  }

  /// dtable(ids[i], :) += dy(i, :), i ascending: dy (n, hidden), dtable (vocabulary, hidden). Where the table is
  /// narrower than Float32, the rows of an id are added first, and what they are added to is rounded once.
  template <quant::PlainFloat Format>
  void embed_backward(View<const TokenId> ids, DeviceMatrix<const float> dy, DeviceWeights<Format> dtable) {
    training_checks().embed_backward(ids, dy, dtable);
    if constexpr (!std::same_as<Format, quant::Float32>) {
      return add_embedded(this->execution(), ids, dy.view, quant::storage_of<Format>, dtable.data, unpacked());
    }
    constexpr std::size_t width = 16;  // columns of a task, which adds all rows in their order
    const MatrixView<float> table = matrix(dtable);
    this->execution().for_each_task((dy.cols() + width - 1) / width, [&](std::size_t task) {
      const std::size_t first = task * width;
      const std::size_t end = std::min(dy.cols(), first + width);
      for (std::size_t i = 0; i < ids.size; ++i) {
        const View<const float> from = dy.view.row(i);
        const View<float> to = table.row(static_cast<std::size_t>(ids[i]));
        for (std::size_t c = first; c < end; ++c) to[c] += from[c];
      }
    });
  }

 private:
  using Operand = simd::GemmOperand;

  template <class Format>
  static MatrixView<float> matrix(const DeviceWeights<Format>& weights) {
    return {reinterpret_cast<float*>(weights.data), static_cast<std::size_t>(weights.rows),
            static_cast<std::size_t>(weights.cols)};
  }
  template <class T>
  static MatrixView<T> of_expert(const ExpertGroups& groups, std::size_t e, const MatrixView<T>& slots) {
    const auto first = static_cast<std::size_t>(groups.offsets[e]);
    return slots.rows_at(first, static_cast<std::size_t>(groups.offsets[e + 1]) - first);
  }
  template <class Format>
  static simd::Gemm forward(const DeviceWeights<Format>& weights, MatrixView<const float> x, MatrixView<float> y,
                            Into into = Into::overwrite) {
    return {
        .a = Operand::of(x), .b = Operand::of(matrix(weights)).transposed(), .c = y, .adds = into == Into::add};
  }
  static simd::Gemm backward(MatrixView<const float> weights, MatrixView<const float> dy, Into into,
                             MatrixView<float> dx) {
    return {.a = Operand::of(dy), .b = Operand::of(weights), .c = dx, .adds = into == Into::add};
  }

  View<float> unpacked() const { return {reinterpret_cast<float*>(unpacked_.data()), extent().unpacked}; }

  /// dx (+)= dy W for several W, which are unpacked piece by piece.
  template <class Format, class RowsOf>
  void backward_unpacked(View<const DeviceWeights<Format>> weights, Into into, const RowsOf& rows_of) {
    const auto is_asked = [&](std::size_t i) { return rows_of(i).first.rows > 0; };
    for_each_round(weights, unpacked(), is_asked, [&](View<const WeightPiece> pieces) {
      for (const WeightPiece& piece : pieces) unpack(weights[piece.matrix], piece);
      gemm_.multiply(pieces.size, [&](std::size_t i) {
        const WeightPiece& piece = pieces[i];
        const auto [dy, dx] = rows_of(piece.matrix);
        return backward(piece.values, columns_of(dy, piece), piece.first > 0 ? Into::add : into, dx);
      });
    });
  }

  template <class Format>
  void unpack(const DeviceWeights<Format>& weights, const WeightPiece& piece) {
    this->execution().for_each_range(piece.values.rows, [&](std::size_t first, std::size_t end) {
      for (std::size_t i = first; i < end; ++i) {
        quant::decode(weights.kernel_matrix(), std::uint64_t{piece.first + i} * weights.cols, piece.values.row(i));
      }
    });
  }

  /// dW += dy^T x for several W, whose sums over rows are made piece by piece in float32 and rounded once.
  template <class Format, class RowsOf>
  void add_rounded(View<const DeviceWeights<Format>> dweights, const RowsOf& rows_of) {
    const auto is_asked = [&](std::size_t i) { return rows_of(i).first.rows > 0; };
    const simd::Level level = simd::level();
    for_each_round(dweights, unpacked(), is_asked, [&](View<const WeightPiece> pieces) {
      gemm_.multiply(pieces.size, [&](std::size_t i) {
        const auto [dy, x] = rows_of(pieces[i].matrix);
        return gradient(columns_of(dy, pieces[i]), x, pieces[i].values, Into::overwrite);
      });
      for (const WeightPiece& piece : pieces) {
        this->execution().for_each_range(piece.values.rows, [&](std::size_t first, std::size_t end) {
          for (std::size_t i = first; i < end; ++i) {
            const std::size_t element = (piece.first + i) * piece.values.cols;
            simd::add_to_stored(piece.values.row(i), quant::storage_of<Format>,
                                dweights[piece.matrix].data + element * Format::element_bytes, level);
          }
        });
      }
    });
  }

  /// The columns of dy that belong to the rows of a piece.
  static MatrixView<const float> columns_of(const MatrixView<const float>& dy, const WeightPiece& piece) {
    return {dy.data + piece.first, dy.rows, piece.values.rows, dy.stride};
  }
  static simd::Gemm gradient(MatrixView<const float> dy, MatrixView<const float> x, MatrixView<float> dweights,
                             Into into = Into::add) {
    return {.a = Operand::of(dy).transposed(), .b = Operand::of(x), .c = dweights, .adds = into == Into::add};
  }

  HostGemm gemm_;
  Buffer unpacked_;
};

}  // namespace asterism::backend
