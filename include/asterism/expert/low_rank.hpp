// An adapter of one matrix: the product of two narrow ones, beside it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "asterism/backend/layout.hpp"
#include "asterism/backend/operand.hpp"
#include "asterism/quant/float32.hpp"

namespace asterism::expert {

/// y = W x + scale B (A x), in fp32 beside W in any format, never merged with it: A (rank, cols), B (rows, rank).
/// Without data there is no adapter. Source: Hu et al., LoRA, arXiv 2106.09685.
struct LowRank {
  backend::DeviceWeights<quant::Float32> a;
  backend::DeviceWeights<quant::Float32> b;
  float scale = 0;

  /// The next pair for a matrix (rows, cols); nothing for rank 0.
  static constexpr LowRank lay_out(backend::Layout& cursor, std::uint64_t rows, std::uint64_t cols,
                                   std::uint64_t rank, float scale) {
    if (rank == 0) return {};
    return {cursor.weights<quant::Float32>(rank, cols), cursor.weights<quant::Float32>(rows, rank), scale};
  }

  bool empty() const { return a.data == nullptr; }
  std::size_t rank() const { return static_cast<std::size_t>(a.rows); }
};

}  // namespace asterism::expert
